"""What the service does, each as a conversation of Microsoft's SDK, and where it is documented not to do it.

A behaviour that a model or a version does not have is asked for all the same, and has to be refused as
documented.
"""

from conformance.behaviours import session, turns, interruptions, items, voices, versions  # noqa: F401, I001 - in the table's order
from conformance.behaviours.core import BEHAVIOURS, QUESTION, Behaviour, Voices

__all__ = ["BEHAVIOURS", "QUESTION", "Behaviour", "Voices"]
