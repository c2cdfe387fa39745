"""An MCP server whose tools Voice Live calls itself, and a bot that is asked before each call.

python examples/mcp_server.py        needs the extra `mcp`: pip install ".[mcp]"
"""

import asyncio
import contextlib
import os
import socket
import sys

try:
    import uvicorn
    from mcp.server.mcpserver import MCPServer as McpServerOfOurs
except ModuleNotFoundError:
    sys.exit('This example needs the extra "mcp": pip install ".[mcp]"')

from offline import call, print_conversation, voice_live
from pipecat_voicelive import InputAudioTranscription, MCPServer, SessionProperties, VoiceLiveLLMService

PAY = {"name": "pay", "arguments": {"amount": 900, "to": "the hat shop"}}
SCENARIO = {
    "greeting": "Hello, this is your bank.",
    "turns": [
        {"user": "How much do I have?", "call": {"name": "balance"}, "then": "You have {result} euros."},
        {"user": "Pay 900 to the hat shop.", "call": PAY, "then": "Done."},
    ],
}

bank = McpServerOfOurs("bank", log_level="ERROR")


@bank.tool()
def balance() -> int:
    """What is in the account, in euros."""
    return 250


@bank.tool()
def pay(amount: int, to: str) -> str:
    """Pay somebody."""
    return f"Paid {amount} to {to}."


@contextlib.asynccontextmanager
async def served(tools):
    """The URL of an MCP server in this process. Azure needs one that it can reach, in MCP_SERVER_URL."""
    if url := os.environ.get("MCP_SERVER_URL"):
        yield url
        return
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(tools.streamable_http_app(), log_level="error"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server.should_exit = True
    await serving


async def main() -> None:
    async with served(bank) as url, voice_live(SCENARIO) as connection:
        server = MCPServer(server_label="bank", server_url=url, require_approval={"never": ["balance"]})
        llm = VoiceLiveLLMService(
            **connection,
            settings=VoiceLiveLLMService.Settings(
                model="gpt-4.1",
                session_properties=SessionProperties(
                    tools=[server], input_audio_transcription=InputAudioTranscription(model="azure-speech")
                ),
            ),
            mcp_approval_timeout_s=20,
        )

        @llm.event_handler("on_mcp_tools_listed")
        async def on_mcp_tools_listed(_llm, server_label, tools):
            print(f"{server_label} offers {', '.join(tool['name'] for tool in tools)}")

        @llm.event_handler("on_mcp_approval_request")
        async def on_mcp_approval_request(_llm, request):
            print(f"may it {request.name} with {request.arguments}?")
            if request.arguments["amount"] <= 250:
                request.approve()
            else:
                request.deny("there is not enough money")

        # The bot begins, so that the tools are listed when the caller asks for something.
        context = await call(llm, None, "How much do I have?", "Pay 900 to the hat shop.")
    print_conversation(context)


if __name__ == "__main__":
    asyncio.run(main())
