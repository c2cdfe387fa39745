"""A small endpoint that speaks chat completions, as servers of models do: real HTTP, told what to say."""

import asyncio
import json
from contextlib import asynccontextmanager

from aiohttp import web


class Endpoint:
    """Answers requests with what `says` is told, in order; `requests` has what was asked."""

    def __init__(self):
        self.url = ""
        self.requests = []
        self.keys = []
        self.asked = asyncio.Event()
        self.left = asyncio.Event()
        """Set when somebody goes before the answer is over."""
        self._answers = []

    def says(self, *answers):
        """What the next requests get: a status and a body, or chunks, "silence" and "cut" among them."""
        self._answers += answers

    async def complete(self, request):
        self.requests.append(await request.json())
        self.asked.set()
        self.keys.append(request.headers.get("Authorization"))
        answer = self._answers.pop(0)
        if isinstance(answer, tuple):
            status, body = answer
            return web.json_response(body, status=status)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in answer:
            if chunk == "cut":
                request.transport.abort()
                return response
            if chunk == "silence":
                try:
                    while not request.transport.is_closing():
                        await response.write(b": waiting\n\n")
                        await asyncio.sleep(0.01)
                finally:
                    self.left.set()
                return response
            await response.write(
                b"data: " + (chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode())
            )
            await response.write(b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response


@asynccontextmanager
async def model_endpoint():
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def chunk(finish=None, **delta):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def words(*pieces, finish="stop"):
    """A streamed text."""
    return [*(chunk(content=piece) for piece in pieces), chunk(finish=finish)]


def call(name, *arguments, index=0, call_id="c1"):
    """A streamed call, its arguments piece by piece."""
    first = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [{"index": index, "function": {"arguments": piece}} for piece in arguments]
    return [chunk(tool_calls=[piece]) for piece in [first, *pieces]]
