"""What every rule at work on a trace can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol, TypeAlias

from wfcheck.checker.conditions.compiled import History
from wfcheck.checker.replay.finding import Finding
from wfcheck.checker.replay.view import View

NOTHING: Final[Sequence[Finding]] = ()
Kept: TypeAlias = dict[Any, Any]
"""What is remembered, by run."""


class Stepper(Protocol):
    """A rule at work on one trace. Judging an event and taking it in are two things: a guard judges what then never happens."""

    def concerns(self, kind: str, name: str) -> bool:
        """Whether the rule must see events of the kind about the tool of that name."""
        ...

    def judge(self, view: View, history: History) -> Sequence[Finding]:
        """What the event breaks if it happens next. Changes no later answer."""
        ...

    def take(self, view: View, history: History) -> None:
        """The event happens. It was judged just before."""
        ...

    def finish(self, last: View | None) -> Iterator[Finding]:
        """The trace is over; `last` is its last event."""
        ...
