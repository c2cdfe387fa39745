"""The pytest plugin: a simulated Voice Live for each test that asks for the fixture `voicelive`.

    @pytest.mark.voicelive(scenario="weather.yaml")
    async def test_the_bot_knows_the_weather(voicelive):
        async with voicelive.call(build_my_bot) as call:
            await call.says("What is the weather in Lisbon?")
        voicelive.expect.called("get_weather", {"city": "Lisbon"})

The plugin is loaded with every run of pytest wherever this package is installed, so it imports nothing but
pytest until a test uses it, and needs no other plugin.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pipecat_voicelive.testing.backstage import Backstage
    from pipecat_voicelive.testing.voice_live import VoiceLive

_MARKER = (
    "voicelive(scenario=None, manners=True, allow=(), **options): the simulated Voice Live of the fixture "
    "`voicelive`: what is said (a YAML file, relative to the test's, or its members), whether manners are "
    "checked when the test is done, rules and codes of errors that are allowed, and options of "
    "VoiceLiveSimulator"
)
_KEY = pytest.StashKey["VoiceLive"]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def voicelive_backstage() -> Iterator[Backstage]:
    """The thread in which simulators run, and the voice that they share."""
    from pipecat_voicelive.testing.backstage import Backstage

    backstage = Backstage()
    yield backstage
    backstage.close()


@pytest.fixture
def voicelive(
    request: pytest.FixtureRequest, voicelive_backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VoiceLive]:
    """A simulated Voice Live, set up by the marker `voicelive`; clients find it in the environment.

    `AZURE_VOICE_LIVE_ENDPOINT` and `AZURE_VOICE_LIVE_API_KEY` name it, and so do `AZURE_VOICELIVE_ENDPOINT`
    and `AZURE_VOICELIVE_API_KEY`, which Microsoft's samples read; with `tls=True` also `SSL_CERT_FILE`.
    """
    from pipecat_voicelive.testing.voice_live import VoiceLive

    service = VoiceLive(voicelive_backstage, **_options(request))
    service.open()
    for prefix in ("AZURE_VOICE_LIVE", "AZURE_VOICELIVE"):
        monkeypatch.setenv(f"{prefix}_ENDPOINT", service.endpoint)
        monkeypatch.setenv(f"{prefix}_API_KEY", service.api_key)
    if service.simulator.certificate is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(service.simulator.certificate))
    request.node.stash[_KEY] = service
    yield service
    service.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """When a test is done check its manners; if it failed, show its conversation."""
    outcome = yield
    service = item.stash.get(_KEY, None)
    if service is None:
        return
    if outcome.excinfo is None:
        if service.checks_manners:
            try:
                service.expect.manners(allow=service.allow)
            except AssertionError as error:
                outcome.force_exception(pytest.fail.Exception(str(error), pytrace=False))
    elif "\nThe conversation:\n" not in str(outcome.excinfo[1]):
        item.add_report_section("call", "voicelive", service.transcript)


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers say, the nearest last; a path is relative to the test's file if it is there."""
    options: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("voicelive"))):
        options |= dict(zip(("scenario",), marker.args, strict=False)) | marker.kwargs
    scenario = options.get("scenario")
    if isinstance(scenario, str) and (request.path.parent / scenario).exists():
        options["scenario"] = request.path.parent / scenario
    return options
