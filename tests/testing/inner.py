"""A test-suite of a user's, in a folder of its own, run as its owner would run it."""

import os
import subprocess
import sys
from importlib.metadata import entry_points

PLUGIN = "pipecat_voicelive.testing.plugin"


def run_inner(folder, files, *arguments, timeout_s=60):
    """Write files, run pytest on them; returns what it printed."""
    for name, text in files.items():
        (folder / name).write_text(text)
    # Where the package was installed before it had the plugin there is no entry point for it yet.
    installed = any(point.value == PLUGIN for point in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", PLUGIN]
    # With CI set pytest repeats each failure, whole, in its summary.
    left_out = ("AZURE_", "PYTEST_", "CI", "BUILD_NUMBER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "--color=no", *arguments],
        cwd=folder,
        env=kept,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    return done.stdout + done.stderr
