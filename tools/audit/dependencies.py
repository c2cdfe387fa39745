"""What is known of the packages that are installed here, from pip-audit.

A registry without advisories looks like one that has none about us, and a firewall like peace. So each
service is asked about a release as well that is known to be vulnerable: only one that says so is believed.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

SERVICES = ("osv", "pypi")
"""In the order in which they are asked: the first that can tell is believed."""
KNOWN = "flask", "0.5"
"""A vulnerable release: PYSEC-2018-66, PYSEC-2019-179, ..."""
_OURS = "pipecat-voicelive"
_PATIENCE_S = 300


@dataclass(frozen=True)
class Answer:
    """What a service said.

    Attributes:
        can_tell: Whether it has advisories at all.
        vulnerable: What is known of packages here, a line each.
        unknown: Packages that it knows nothing of.
        trouble: Why it said nothing, or "".
    """

    can_tell: bool
    vulnerable: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    trouble: str = ""


def installed() -> dict[str, str]:
    """The packages of this environment and their versions, but for this one."""
    found = {
        str(package.metadata["Name"]).lower().replace("_", "-"): package.version
        for package in distributions()
    }
    return {name: version for name, version in sorted(found.items()) if name != _OURS}


def ask(service: str, packages: dict[str, str]) -> Answer:
    """Ask a service about packages."""
    wanted = {**packages, KNOWN[0]: KNOWN[1]}
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "installed.txt"
        pinned.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()))
        # `--no-deps --disable-pip`: these very versions, and nothing is fetched or installed.
        command = [sys.executable, "-m", "pip_audit", "-s", service, "-r", str(pinned), "-f", "json"]
        command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "15"]
        try:
            ended = subprocess.run(  # noqa: S603 - nothing in it comes from elsewhere
                command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
            )
        except subprocess.TimeoutExpired:
            return Answer(can_tell=False, trouble=f"has not answered within {_PATIENCE_S} s")
    return answer_of(ended.stdout, ended.stderr)


def answer_of(report: str, errors: str) -> Answer:
    """What pip-audit's JSON says."""
    try:
        looked_at: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = errors.strip().splitlines()[-1:] or ["no reason given"]
        return Answer(can_tell=False, trouble=f"cannot be reached ({reason[0][:200]})")
    known = {(package["name"].lower(), package.get("version")): package.get("vulns") for package in looked_at}
    if not known.get(KNOWN):
        name, version = KNOWN
        return Answer(can_tell=False, trouble=f"has no advisories: it does not know that of {name} {version}")
    ours = [package for package in looked_at if package["name"].lower() != KNOWN[0]]
    return Answer(
        can_tell=True,
        vulnerable=tuple(_told(package, found) for package in ours for found in package.get("vulns") or ()),
        unknown=tuple(package["name"] for package in ours if "skip_reason" in package),
    )


def _told(package: dict[str, Any], found: dict[str, Any]) -> str:
    names = ", ".join([found["id"], *found.get("aliases", ())])
    mended = ", ".join(found.get("fix_versions", ())) or "no release"
    return f"{package['name']} {package['version']}: {names}; mended in {mended}"


def audit() -> bool:
    """Print what is known; whether nothing is."""
    if importlib.util.find_spec("pip_audit") is None:
        print("Dependencies: NOT AUDITED, since pip-audit is not installed: pip install -e '.[audit]'")
        return False
    packages = installed()
    for service in SERVICES:
        answer = ask(service, packages)
        if not answer.can_tell:
            print(f"Dependencies: {service} {answer.trouble}.")
            continue
        for line in answer.vulnerable:
            print(f"VULNERABLE: {line}")
        if answer.unknown:
            print(f"Dependencies: {service} knows nothing of {', '.join(answer.unknown)}.")
        known = len(packages) - len(answer.unknown)
        print(f"Dependencies: {len(answer.vulnerable)} advisories about {known} packages, says {service}.")
        return not answer.vulnerable
    print("Dependencies: NOT AUDITED, since no service can tell.")
    return True
