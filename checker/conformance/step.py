"""What an event makes of one way in which a run may stand."""

from __future__ import annotations

import attrs

from wfcheck.checker.conformance.notes import Note
from wfcheck.checker.conformance.stack import Env, Stack


@attrs.frozen(eq=False)
class Step:
    """Where the run stands after the event, the differences, and what the record does not tell (`doubt`)."""

    stack: Stack | None
    env: Env
    notes: tuple[Note, ...] = ()
    doubt: str | None = None

    @property
    def cost(self) -> int:
        """The weight of all differences."""
        return sum(note.cost for note in self.notes)
