"""Who is talked to: an agent or a model of one's own, as the URL names it."""

from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
from azure.ai.voicelive.aio import connect
from azure.core.credentials import AzureKeyCredential
from websockets.asyncio.server import serve

from pipecat_voicelive import ConfigurationError, FoundryAgent, VoiceLiveClient

WHOLE = FoundryAgent(
    name="desk clerk",
    project="front-office",
    version="7",
    conversation_id="conv_1/2",
    identity_client_id="0000-11",
    foundry_resource="other-resource",
)


async def token():
    return "a-token"


async def urls_of(*connects):
    """The query parameters with which each of these connects."""
    seen = []

    def refuse(connection, request):
        seen.append(request.path)
        return connection.respond(404, "")

    async with serve(lambda _: None, "127.0.0.1", 0, process_request=refuse) as server:
        endpoint = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for connecting in connects:
            with pytest.raises(Exception, match="404"):
                await connecting(endpoint)
    return [SimpleNamespace(**_parsed(path)) for path in seen]


def _parsed(path):
    url = urlsplit(path)
    return {"path": url.path, "query": dict(parse_qsl(url.query))}


@pytest.mark.proves(
    "query.agent-name",
    "query.agent-project-name",
    "query.agent-version",
    "query.conversation-id",
    "query.agent-authentication-identity-client-id",
    "query.foundry-resource-override",
    "feature.agent-mode",
)
async def test_an_agent_is_named_as_microsofts_own_sdk_names_it():
    async def ours(endpoint):
        client = VoiceLiveClient(endpoint=endpoint, agent=WHOLE, token_provider=token)
        try:
            await client.connect()
        finally:
            await client.close()

    async def theirs(endpoint):
        async with connect(
            endpoint=endpoint,
            credential=AzureKeyCredential("key"),
            agent_name=WHOLE.name,
            project_name=WHOLE.project,
            agent_version=WHOLE.version,
            conversation_id=WHOLE.conversation_id,
            authentication_identity_client_id=WHOLE.identity_client_id,
            foundry_resource_override=WHOLE.foundry_resource,
        ):
            pass

    mine, sdk = await urls_of(ours, theirs)
    assert mine.path == sdk.path
    assert mine.query == {name: value for name, value in sdk.query.items() if name != "x-ms-client-sdk"}
    assert len(mine.query) == 7


@pytest.mark.proves("query.profile", "query.model", "query.api-version", "feature.bring-your-own-model")
async def test_a_model_of_ones_own_is_named_with_its_profile_and_the_query_wins_over_all():
    async def ours(endpoint):
        client = VoiceLiveClient(
            endpoint=endpoint,
            model="my-deployment",
            profile="byom-azure-openai-chat-completion",
            token_provider=token,
            query={"features": "client_ec_reference:true", "api-version": "2026-07-31-preview"},
        )
        try:
            await client.connect()
        finally:
            await client.close()

    (mine,) = await urls_of(ours)
    assert mine.query == {
        "model": "my-deployment",
        "profile": "byom-azure-openai-chat-completion",
        "features": "client_ec_reference:true",
        "api-version": "2026-07-31-preview",
    }


@pytest.mark.parametrize("missing", [{"name": "", "project": "p"}, {"name": "n", "project": " "}])
def test_an_agent_without_name_or_project_is_refused(missing):
    with pytest.raises(ConfigurationError, match="name and a project"):
        FoundryAgent(**missing)


@pytest.mark.proves("feature.agent-refuses-keys")
@pytest.mark.parametrize(
    "how",
    [{"agent": WHOLE}, {"query": {"agent-name": "a", "agent-project-name": "p"}}],
    ids=["agent", "query"],
)
def test_a_key_for_an_agent_is_refused_before_anything_is_sent(how):
    with pytest.raises(ConfigurationError, match="takes no api_key"):
        VoiceLiveClient(endpoint="https://r.services.ai.azure.com", api_key="secret-key", **how)


def test_instructions_for_an_agent_are_refused_with_the_way_out():
    with pytest.raises(ConfigurationError, match='role="system"'):
        VoiceLiveClient(
            endpoint="https://r.services.ai.azure.com",
            agent=WHOLE,
            token_provider=token,
            session={"instructions": "Be brief."},
        )


def test_neither_model_nor_agent_is_refused():
    with pytest.raises(ConfigurationError, match="FoundryAgent"):
        VoiceLiveClient(endpoint="https://r.services.ai.azure.com", api_key="key")
