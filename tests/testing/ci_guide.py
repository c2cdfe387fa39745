"""Runs the commands of docs/howto/continuous-integration.md in a new environment: `make ci-guide` (minutes).

The package itself is installed from this checkout.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from testing.test_howto import commands_of_the_workflow, files_of

ROOT = Path(__file__).parents[2]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "repository"
        shutil.copytree(ROOT / "examples" / "evals", folder)
        for page in ("continuous-integration.md", "test-your-bot.md"):
            for file, text in files_of(page).items():
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                # The two pages have a bot and a scenario each: the evals' are a bot of Pipecat's runner.
                if page == "test-your-bot.md":
                    path = folder / "tests" / file
                    path.parent.mkdir(exist_ok=True)
                path.write_text(text.replace("pipecat-voicelive[", f"{ROOT}["))
        subprocess.run([sys.executable, "-m", "venv", Path(name) / "venv"], check=True)
        scripts = Path(name) / "venv" / ("Scripts" if os.name == "nt" else "bin")
        environment = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "VIRTUAL_ENV")}
        environment["PATH"] = f"{scripts}{os.pathsep}{environment['PATH']}"
        for command in commands_of_the_workflow():
            print(f"$ {command}", flush=True)
            subprocess.run(["bash", "-e", "-c", command], cwd=folder, env=environment, check=True)
    print("The workflow's commands work.")


if __name__ == "__main__":
    main()
