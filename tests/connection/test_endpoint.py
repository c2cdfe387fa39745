"""Every form in which people have their endpoint leads to the same URL, and unsafe ones to an error."""

import pytest

from pipecat_voicelive.connection.endpoint import base_url, websocket_url
from pipecat_voicelive.errors import ConfigurationError

EXPECTED = "wss://r.services.ai.azure.com/voice-live/realtime"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://r.services.ai.azure.com",
        "https://r.services.ai.azure.com/",
        "  https://r.services.ai.azure.com/  ",
        "r.services.ai.azure.com",
        "HTTPS://r.services.ai.azure.com",
        "wss://r.services.ai.azure.com/voice-live/realtime",
        "wss://r.services.ai.azure.com/voice-live/realtime/",
    ],
)
def test_every_form_of_an_endpoint_is_the_same_url(endpoint):
    assert base_url(endpoint) == EXPECTED


def test_a_path_of_a_gateway_is_kept_before_the_services_own():
    assert base_url("https://gateway.example/azure") == "wss://gateway.example/azure/voice-live/realtime"


@pytest.mark.proves("query.api-version", "query.model")
def test_model_and_version_join_the_query_and_win_over_the_endpoints_own():
    url = websocket_url(
        "wss://r.example/voice-live/realtime?api-version=old&tier=gold",
        model="gpt realtime",
        api_version="2026-07-15",
        query={"profile": "byom"},
    )
    assert url == (
        "wss://r.example/voice-live/realtime"
        "?api-version=2026-07-15&tier=gold&model=gpt%20realtime&profile=byom"
    )


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:9", "127.3.4.5"])
def test_this_machine_may_be_reached_in_clear(host):
    assert base_url(f"ws://{host}") == f"ws://{host}/voice-live/realtime"
    assert base_url(f"http://{host}") == f"ws://{host}/voice-live/realtime"
    assert base_url(host) == f"ws://{host}/voice-live/realtime"


@pytest.mark.parametrize(
    ("endpoint", "hint"),
    [
        ("ws://r.services.ai.azure.com", "ws:// would send"),
        ("http://10.0.0.1", "http:// would send"),
        ("ws://localhost.example.com", "Use https:// or wss://"),
        ("https://<resource>.services.ai.azure.com", "name of your resource"),
        (None, "endpoint is empty"),
        ("", "endpoint is empty"),
        ("ftp://r.example", "Use https://"),
        ("https://", "no host"),
        ("https://r.example:port", "not a URL"),
        ("https://key@r.example", "api_key"),
        ("https://me:SECRET", "not a URL"),
        ("https://r.example?api-key=SECRET", "api_key"),
        ("https://my resource", "no host"),
    ],
)
def test_an_endpoint_that_cannot_work_says_what_to_give(endpoint, hint):
    with pytest.raises(ConfigurationError, match=hint) as caught:
        base_url(endpoint)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "api-key",
        "api_key",
        "APIKEY",
        "Ocp-Apim-Subscription-Key",
        "access_token",
        "agent-access-token",
        "sig",
    ],
)
def test_credentials_never_stand_in_a_url(name):
    with pytest.raises(ConfigurationError, match="The query holds a credential") as caught:
        websocket_url("https://r.example", model="m", api_version="2026-07-15", query={name: "SECRET"})
    assert "SECRET" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="The endpoint's query holds a credential") as caught:
        base_url(f"https://r.example?{name}=SECRET")
    assert "SECRET" not in str(caught.value)
