"""What MCP servers offer, whatever the order in which it is told."""

import pytest
from session_harness import of, ready

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session.remote_effects import ToolsListed, ToolsListing, ToolsListingFailed

ADD = {"name": "add", "input_schema": {}}

BEGUN = se.McpListToolsInProgress(item_id="l1")
COMPLETE = se.McpListToolsCompleted(item_id="l1")


def item(*tools):
    return ConversationItem(type="mcp_list_tools", id="l1", server_label="sums", tools=list(tools))


@pytest.mark.proves("mcp_list_tools.in_progress", "mcp_list_tools.completed")
@pytest.mark.parametrize(
    "events",
    [
        [BEGUN, se.ConversationItemCreated(item=item(ADD)), COMPLETE],
        [se.ConversationItemCreated(item=item(ADD)), BEGUN, COMPLETE],
        [BEGUN, COMPLETE, se.ConversationItemCreated(item=item(ADD))],
        [BEGUN, se.ConversationItemCreated(item=item()), se.ConversationItemDone(item=item(ADD)), COMPLETE],
        [BEGUN, se.ConversationItemCreated(item=item(ADD)), COMPLETE, COMPLETE],
    ],
)
def test_the_tools_are_told_once_when_they_are_complete(events):
    driver = ready()
    effects = driver.give(*events)
    assert of(ToolsListed, effects) == [ToolsListed("sums", (ADD,))]
    assert len(of(ToolsListing, effects)) == 1


@pytest.mark.proves("conversation.item.done")
def test_tools_that_come_after_all_are_told_again():
    driver = ready()
    effects = driver.give(BEGUN, se.ConversationItemCreated(item=item()), COMPLETE)
    assert of(ToolsListed, effects) == [ToolsListed("sums", ())]
    effects = driver.give(se.ConversationItemDone(item=item(ADD)), se.ConversationItemDone(item=item(ADD)))
    assert of(ToolsListed, effects) == [ToolsListed("sums", (ADD,))]


@pytest.mark.proves("mcp_list_tools.failed")
@pytest.mark.parametrize("known", [True, False])
def test_a_listing_that_fails_is_told_with_the_servers_name_if_that_is_known(known):
    driver = ready()
    driver.give(BEGUN, *([se.ConversationItemCreated(item=item())] if known else []))
    failed = driver.give(se.McpListToolsFailed(item_id="l1"))
    assert failed == [ToolsListingFailed("sums" if known else "")]
