"""Arguments that no constructor takes: Pipecat's pass on what they do not know, and the last drops it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable

from pipecat_voicelive.errors import ConfigurationError


def check_arguments(service: type, given: Iterable[str]) -> None:
    """Refuse arguments that no class of a service names.

    Args:
        service: The class that is made, a subclass of yours included.
        given: Names of the arguments that are passed on to Pipecat.

    Raises:
        ConfigurationError: One is not known; the text names the nearest that is.
    """
    known = {
        parameter.name
        for base in service.__mro__
        if "__init__" in vars(base)
        for parameter in list(inspect.signature(base.__init__).parameters.values())[1:]
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            advice = f"Did you mean {near[0]!r}?" if near else "Leave it out."
            raise ConfigurationError(f"{service.__name__} takes no argument {name!r}. {advice}")
