"""What agents remember: conversations that outlive the sessions in which they were held."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from pipecat_voicelive.simulator.brain import Brain
from pipecat_voicelive.simulator.conversation import Conversation
from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.ids import new_id
from pipecat_voicelive.simulator.pipelines import Agent
from pipecat_voicelive.simulator.scenario import Scenario
from pipecat_voicelive.simulator.sources import API_REFERENCE, SDK

_KEPT = 100
"""Threads that are remembered; the ones that were used longest ago are forgotten."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation and how far its scenario has come.

    Attributes:
        id: What the session reports as `agent.thread_id`; None for the conversation of a model.
        conversation: Its items.
        brain: Its way through the scenario.
    """

    id: str | None
    conversation: Conversation
    brain: Brain


def new_thread(scenario: Scenario, thread_id: str | None = None, *, has_model: bool = False) -> Thread:
    """A conversation in which nothing was said yet."""
    return Thread(thread_id, Conversation(), Brain(scenario, has_model=has_model))


class AgentThreads:
    """The threads of all agents of one simulator.

    Args:
        scenario: What is said.
        has_model: Whether a model answers what the scenario does not.
    """

    def __init__(self, scenario: Scenario, *, has_model: bool = False) -> None:
        self._scenario = scenario
        self._has_model = has_model
        self._threads: OrderedDict[tuple[str, str, str], Thread] = OrderedDict()

    @rule(
        "agent-thread",
        "`conversation-id` goes on with a conversation of the agent; an id that it does not have starts a "
        "new one.",
        API_REFERENCE.at("query parameters"),
        SDK.at("AgentSessionConfig"),
        topic=Topic.AGENTS,
        holds_for="agents",
    )
    def open(self, agent: Agent | None) -> Thread:
        """The thread that an agent was asked to go on with.

        A new one if none was named, or one that this agent does not have.
        """
        if agent is None:
            return new_thread(self._scenario, has_model=self._has_model)
        key = (agent.project, agent.name, agent.conversation_id or new_id("conv_", 21))
        thread = self._threads.pop(key, None)
        if thread is None:
            thread = new_thread(self._scenario, new_id("conv_", 21), has_model=self._has_model)
            key = (agent.project, agent.name, str(thread.id))
        self._threads[key] = thread
        while len(self._threads) > _KEPT:
            self._threads.popitem(last=False)
        return thread
