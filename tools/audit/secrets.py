"""Whether a key stands in a file of the repository, from detect-secrets.

`.secrets.baseline` lists, as hashes, what looks like a secret and is none: passwords that tests make up. It
also says which detectors are used. Not the one for words such as `api_key`: it finds every test there is.

    python -m audit baseline      write it anew; then read what has changed in it
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.core import baseline
from detect_secrets.settings import default_settings, transient_settings

BASELINE = Path(".secrets.baseline")
_NOT_USED = "KeywordDetector"


def _files() -> list[str]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return [name for name in listed.split("\0") if name and name != str(BASELINE) and Path(name).is_file()]


def _scan() -> SecretsCollection:
    found = SecretsCollection()
    found.scan_files(*_files())
    return found


def audit() -> bool:
    """Print what looks like a secret and is not in the baseline; whether nothing does."""
    written = baseline.load_from_file(str(BASELINE))
    with transient_settings(
        {"plugins_used": written["plugins_used"], "filters_used": written["filters_used"]}
    ):
        files = _files()
        new = list(_scan() - baseline.load(written))
    for name, secret in new:
        print(f"SECRET? {name}:{secret.line_number}: {secret.type}")
    print(f"Secrets: {len(new)} in {len(files)} files.")
    if new:
        print("If it is none: python -m audit baseline. If it is one: revoke it; history remembers.")
    return not new


def write() -> None:
    """Write the baseline anew."""
    with default_settings() as settings:
        settings.disable_plugins(_NOT_USED)
        baseline.save_to_file(_scan(), str(BASELINE))
