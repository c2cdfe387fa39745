"""An example that needs an extra of the package says so where it is missing."""

import asyncio
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "extra", "module"),
    [
        ("mcp_server", "mcp", "mcp"),
        ("avatar_frames", "avatar", "aiortc"),
        ("avatar_websocket", "avatar", "av"),
        ("avatar_browser", "avatar", "aiortc"),
    ],
)
async def test_an_example_without_its_extra_says_in_one_line_what_to_install(name, extra, module):
    path = str(EXAMPLES / name) if (EXAMPLES / name).is_dir() else str(EXAMPLES / f"{name}.py")
    run = f"import runpy, sys; sys.modules[{module!r}] = None; runpy.run_path({path!r}, run_name='__main__')"
    example = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", run),
        cwd=EXAMPLES,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await example.communicate()
    assert example.returncode == 1
    assert err.decode().splitlines() == [f'This example needs the extra "{extra}": pip install ".[{extra}]"']
