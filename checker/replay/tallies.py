"""What limits keep: the least and the greatest that a measure can be, scope by scope."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeAlias

import attrs

from wfcheck.checker.conditions.compiled import Frame, Truth
from wfcheck.checker.replay.view import View


@attrs.frozen
class Item:
    """One counted event: `key` for distinct values, `amount` for sums (None: unknown), `sure` whether it counts at all."""

    moment: datetime | None
    key: Hashable
    amount: Fraction | int | None
    sure: bool


@attrs.define
class Tally:
    """The measure of one scope so far; `entries` are what a sliding window still holds, oldest first."""

    least: Fraction | int = 0
    most: Fraction | int = 0
    blind: int = 0
    keys: dict[Hashable, int] | None = None
    entries: deque[Item] | None = None

    def change(self, item: Item, sign: int) -> None:
        """Count an item in, or (sign -1) out."""
        if item.amount is None or item.key == UNKNOWN_KEY or (item.key is not None and not item.sure):
            self.blind += sign
            return
        self.least += sign * (item.amount if item.sure else min(item.amount, 0))
        self.most += sign * (item.amount if item.sure else max(item.amount, 0))
        if item.key is not None:
            keys = self.keys = {} if self.keys is None else self.keys
            left = keys.get(item.key, 0) + sign
            keys[item.key] = left
            if not left:
                del keys[item.key]

    @property
    def distinct(self) -> int:
        """How many different keys there are."""
        return 0 if self.keys is None else len(self.keys)


UNKNOWN_KEY: Hashable = ("unknown",)
NONE: Final = Tally()
"""Never changed: what was never counted."""
Tallies: TypeAlias = dict[Hashable, dict[Hashable, Tally]]
"""By group, then by keys."""
NOTHING: Final[Mapping[Hashable, Tally]] = {}


def tally_of(tallies: Tallies, group: Hashable, scope: Hashable) -> Tally:
    """The tally of a scope of a group; it begins now if there is none."""
    inner = tallies.get(group)
    if inner is None:
        inner = tallies[group] = {}
    tally = inner.get(scope)
    if tally is None:
        tally = inner[scope] = Tally()
    return tally


BLANK = Frame({})


@attrs.frozen
class Counted:
    """How an event counts: its scope (None: unknown) in its group; `timeless`: a window slides, and its time is not known."""

    truth: Truth
    group: Hashable
    scope: Hashable | None
    item: Item
    timeless: bool


@attrs.define(eq=False)
class Swift:
    """An event that surely counts, and stays within the bound."""

    view: View
    group: Hashable
    scope: Hashable
    amount: int
