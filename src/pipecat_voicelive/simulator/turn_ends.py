"""What the words add to the sound: who only hums takes no turn, who stops in mid-sentence has not finished.

The words are the scenario's next line. Two plain rules stand in for the service's models:

- Fillers are ah, umm, mm, uh, huh, oh, yeah, hmm and how people spell them. Said while the bot speaks, a line
  of nothing else is no turn, where `remove_filler_words` is on.
- A line looks unfinished if it ends with a comma, a dash, three dots, or a word that wants another ("and",
  "the", "to"). At threshold level "high" one without a full stop, question or exclamation mark does as well.
  The turn then ends only when the detection's timeout has passed in silence, too.
"""

from __future__ import annotations

import re

from pipecat_voicelive.simulator.fidelity import Topic, rule
from pipecat_voicelive.simulator.sources import API_REFERENCE, HOW_TO, OUR_CHOICE

_FILLER = re.compile(r"(a+h+|u+h*m+|m+|u+h+|h+u+h+|o+h+|yeah|h+m+|mm+-?hmm+|uh-?huh)", re.IGNORECASE)
_TRAILING = (",", "-", "–", "—", "...", "…")
_WANTS_ANOTHER = re.compile(
    r"(an?|and|are|as|at|because|but|by|for|from|i|if|in|is|my|of|on|or|so|that|the|then|to|was|with)"
)


@rule(
    "fillers",
    "With `remove_filler_words` ah, umm, mm, uh, huh, oh, yeah and hmm said while the bot speaks are no turn "
    "and interrupt nothing. The bot speaks as long as a client that plays at once would be playing it.",
    HOW_TO.at("remove_filler_words"),
    topic=Topic.TURN_DETECTION,
)
def is_only_fillers(text: str) -> bool:
    """Whether nothing but fillers was said."""
    words = re.findall(r"[\w'’-]+", text)
    return bool(words) and all(_FILLER.fullmatch(word) for word in words)


@rule(
    "end-of-utterance",
    "With `end_of_utterance_detection` a turn whose words look unfinished ends only when `timeout_ms`, 1000 "
    "if it is not given, has passed beyond the silence; `threshold_level` says how easily they do.",
    API_REFERENCE.at("end_of_utterance_detection"),
    OUR_CHOICE.at("which words look unfinished: the service asks a model"),
    topic=Topic.TURN_DETECTION,
)
def looks_unfinished(text: str, level: str) -> bool:
    """Whether more is to be expected, at a threshold level: "low", "medium", "default" or "high"."""
    text = text.strip()
    if not text:
        return False
    words = re.findall(r"\w+", text.lower())
    if text.endswith(_TRAILING) or (text[-1].isalnum() and _WANTS_ANOTHER.fullmatch(words[-1])):
        return True
    return level == "high" and text[-1] not in ".?!"
