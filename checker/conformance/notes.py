"""In what a recorded event is not as the workflow has it, and what that weighs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

Key: TypeAlias = tuple[str, str]
"""The kind of an event, and the tool, store, step or principal it is about."""

SOFT, BROKEN, CHANGED, MISSING, EXTRA = 1, 3, 4, 4, 14
"""Weights: of what hosts often do not record, of a broken assumption, and of an event that is not as expected, missing, too much. The
lightest explanation of a run is taken."""


@attrs.frozen
class Note:
    """One difference. `about`: the events that a rule must look at for the difference to matter to it; None: it matters to every rule.
    `assumption`: the one that it breaks; then it matters to the rules whose proof rests on it. `soft`: of the record more than of the
    run, so that it is told only where it matters."""

    why: str
    cost: int
    about: tuple[Key, ...] | None = None
    assumption: str | None = None
    soft: bool = False


@attrs.frozen
class Doubt:
    """The record does not show whether the run was one of the workflow at the event of that index; `why`, in a sentence."""

    index: int
    why: str


@attrs.frozen
class Deviation:
    """An event that no run of the workflow has at this place, and all differences that explain it. `run`: session and run."""

    index: int
    run: tuple[str, str]
    notes: tuple[Note, ...]

    @property
    def why(self) -> str:
        """All differences, but for what hosts often do not record if there is more."""
        return told(self.notes)

    @property
    def assumption(self) -> str | None:
        """The assumption that it breaks, if it breaks one."""
        return next((note.assumption for note in self.notes if note.assumption is not None), None)

    @property
    def soft(self) -> bool:
        """Only what hosts often do not record."""
        return all(note.soft for note in self.notes)


def told(notes: Sequence[Note]) -> str:
    """Differences in words."""
    hard = [note.why for note in notes if not note.soft] or [note.why for note in notes]
    return " and ".join(dict.fromkeys(hard))
