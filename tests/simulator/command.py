"""The `voicelive` command as a process, whose output is read while it runs."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager

COMMAND = [sys.executable, "-c", "import sys; from pipecat_voicelive.cli import main; sys.exit(main())"]


class Running:
    def __init__(self, process):
        self.process = process
        self.shown = ""

    async def until(self, text):
        """Read until this has been shown; returns all that was."""
        async with asyncio.timeout(20):
            while text not in self.shown:
                line = await self.process.stdout.readline()
                assert line, f"ended without {text!r}: {self.shown}"
                self.shown += line.decode()
        return self.shown

    async def endpoint(self):
        shown = await self.until("API_KEY")
        return next(word for word in shown.split() if word.startswith(("ws://", "wss://")))

    async def stop(self):
        """Press Ctrl-C; returns all that was shown and the exit status."""
        self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(20):
            self.shown += (await self.process.stdout.read()).decode()
            return self.shown, await self.process.wait()


@asynccontextmanager
async def running(*arguments):
    process = await asyncio.create_subprocess_exec(
        *COMMAND, *map(str, arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
