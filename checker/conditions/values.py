"""The values that conditions over records work with: core values or UNKNOWN, three-valued truth, and what a frame offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Final, Literal, Protocol, TypeAlias

import attrs

from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.values.meanings import EvaluationError


class Unknown(Enum):
    """What the record does not show."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.UNKNOWN
Known: TypeAlias = "Value | Literal[Unknown.UNKNOWN]"
Truth: TypeAlias = "bool | Literal[Unknown.UNKNOWN]"
Moment: TypeAlias = "datetime | Literal[Unknown.UNKNOWN]"


class History(Protocol):
    """What conditions may ask about the past."""

    def register(self, symbol: str) -> Known:
        """The value of a tracked register."""
        ...

    def last(self, event: core.EventPattern) -> Known:
        """The latest event of the pattern as a record."""
        ...

    def earlier(self, event: core.EventPattern) -> Iterable[tuple[Truth, Mapping[str, Known]]]:
        """Every earlier event of the pattern as a record, and whether it matched for sure."""
        ...


@attrs.define
class Frame:
    """One evaluation: the judged call's arguments and result, binders and bound variables, the clock, the past."""

    arguments: Mapping[str, Known]
    result: Known = UNKNOWN
    bound: Mapping[str, Known] = attrs.field(factory=dict)
    now: Moment = UNKNOWN
    history: History | None = None

    def bind(self, names: Mapping[str, Known]) -> Frame:
        """The same frame with more bound variables."""
        return attrs.evolve(self, bound={**self.bound, **names})


Code: TypeAlias = Callable[[Frame], Known]


def holds(code: Code, frame: Frame) -> Truth:
    """The truth of a compiled condition; errors and missing facts are UNKNOWN."""
    try:
        value = code(frame)
    except EvaluationError:
        return UNKNOWN
    return value if isinstance(value, bool | Unknown) else UNKNOWN


def conjunction(left: Truth, right: Truth) -> Truth:
    """Kleene's and."""
    if left is False or right is False:
        return False
    return True if left is True and right is True else UNKNOWN


def negated(truth: Truth) -> Truth:
    """Kleene's not."""
    return UNKNOWN if truth is UNKNOWN else not truth


def has_unknown(value: Known) -> bool:
    """Whether something inside the value is not known. Values are bounded in depth by the readers."""
    if isinstance(value, tuple):
        return any(has_unknown(v) for v in value)
    if isinstance(value, dict):
        return any(has_unknown(v) for v in value.values())
    return value is UNKNOWN
