"""Which tools the MCP servers offer.

    mcp_list_tools.in_progress ──▶ .completed     the tools are in the item of that id
                               └─▶ .failed

The item may come before or after each of these, and with or without its tools: they are told once it is known
that the listing is complete and what it brought, and again if an item of the same id says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from pipecat_voicelive.protocol import server_events as se
from pipecat_voicelive.protocol.items import ConversationItem
from pipecat_voicelive.session.remote_effects import (
    ListingSignal,
    ToolsListed,
    ToolsListing,
    ToolsListingFailed,
)

_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class _Listing:
    server_label: str = ""
    tools: tuple[dict[str, Any], ...] | None = field(default=None, repr=False)
    completed: bool = False


@dataclass(slots=True, repr=False)
class ToolListings:
    """The listings of one session, by item."""

    _listings: dict[str, _Listing] = field(default_factory=dict[str, _Listing])

    def event(
        self, event: se.McpListToolsInProgress | se.McpListToolsCompleted | se.McpListToolsFailed
    ) -> list[ListingSignal]:
        """A listing went on."""
        known = self._listings.get(event.item_id, _Listing())
        match event:
            case se.McpListToolsInProgress():
                self._keep(event.item_id, known)
                return [ToolsListing(known.server_label)]
            case se.McpListToolsFailed():
                self._listings.pop(event.item_id, None)
                return [ToolsListingFailed(known.server_label)]
            case se.McpListToolsCompleted():
                self._keep(event.item_id, replace(known, completed=True))
                if known.completed or known.tools is None:
                    return []
                return [ToolsListed(known.server_label, known.tools)]

    def item(self, item: ConversationItem) -> list[ListingSignal]:
        """An `mcp_list_tools` item, new or changed."""
        if not item.id:
            return []
        known = self._listings.get(item.id, _Listing())
        tools = tuple(cast("dict[str, Any]", tool) for tool in item.tools or () if isinstance(tool, dict))
        told = replace(known, server_label=item.server_label or known.server_label, tools=tools)
        self._keep(item.id, told)
        return [ToolsListed(told.server_label, tools)] if told.completed and told != known else []

    def _keep(self, item_id: str, listing: _Listing) -> None:
        self._listings[item_id] = listing
        while len(self._listings) > _REMEMBERED:
            del self._listings[next(iter(self._listings))]
