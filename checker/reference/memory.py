"""What outlives a run: stores and inboxes with their labels, and what `pure` tools answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from wfcheck.checker.reference.oracle import Outcome
from wfcheck.checker.reference.syntactic import Place
from wfcheck.checker.reference.values import NOTHING, Label
from wfcheck.dsl import core, types
from wfcheck.dsl.core import Value


@attrs.define
class Stored:
    """One store. `cells` by partition (None: not partitioned), filled from `initial` when first touched. `label` is of
    everything that was not written under a literal key of a partitioned store; `partitions` of what was."""

    declaration: core.Store
    initial: Callable[[Value], Value]
    label: Label
    cells: dict[Any, Value] = attrs.field(factory=dict)
    partitions: dict[Any, Label] = attrs.field(factory=dict)
    written: set[Any] = attrs.field(factory=set)

    def cell(self, key: Value) -> Value:
        """The content of one partition."""
        if key not in self.cells:
            self.cells[key] = self.initial(key)
        return self.cells[key]

    def whole(self) -> Value:
        """Everything: of a partitioned store what was written, in the order of the keys; lists and maps are joined, of anything
        else the last counts."""
        if self.declaration.partition is None:
            return self.cell(None)
        cells = tuple(self.cells[key] for key in sorted(self.written, key=repr)) or (self.cell(None),)
        if all(isinstance(cell, tuple) for cell in cells):
            return tuple(item for cell in cells for item in cell)  # type: ignore[union-attr]
        if all(isinstance(cell, dict) for cell in cells):
            return {k: v for cell in cells for k, v in cell.items()}  # type: ignore[union-attr]
        return cells[-1]

    def read(self, key: Value, keyed: bool) -> Value:
        """What `recall` gives: a partition, the entry of a map (absent when there is none), or the whole."""
        if not keyed:
            return self.whole()
        if self.declaration.partition is not None:
            return self.cell(key)
        content = self.cell(None)
        return content.get(key) if isinstance(content, dict) and isinstance(key, str) else None

    def write(self, value: Value, key: Value, keyed: bool) -> None:
        """What `remember` does: a list grows by one element, an entry of a map or anything else is replaced."""
        at = key if self.declaration.partition is not None else None
        content = self.cell(at)
        self.written.add(at)
        if isinstance(types.base(self.declaration.type), types.ListType) and isinstance(content, tuple):
            self.cells[at] = (*content, value)
        elif keyed and at is None and isinstance(content, dict) and isinstance(key, str):
            self.cells[at] = {**content, key: value}
        else:
            self.cells[at] = value

    def read_label(self, literal: Value, is_literal: bool) -> Label:
        """remember/recall: a partition counts alone only under a literal key."""
        if is_literal and self.declaration.partition is not None:
            return self.label | self.partitions.get(literal, NOTHING)
        return self.label.union(*self.partitions.values())

    def grow(self, label: Label, literal: Value = None, is_literal: bool = False) -> None:
        """label(store) grows; labels of stores never shrink."""
        if is_literal and self.declaration.partition is not None:
            self.partitions[literal] = self.partitions.get(literal, NOTHING) | label
        else:
            self.label |= label


@attrs.define
class Inbox:
    """Messages sent and not yet received, with their senders. `label`: a store that starts empty of tags."""

    label: Label = NOTHING
    pending: list[tuple[str, Value]] = attrs.field(factory=list)


@attrs.define
class Memory:
    """The state that runs of one program share. `channels`: what ever reached each channel, or was held back from it."""

    stores: dict[str, Stored] = attrs.field(factory=dict)
    inboxes: dict[str, Inbox] = attrs.field(factory=dict)
    channels: dict[str, Label] = attrs.field(factory=dict)
    pure: dict[tuple[str, str], Outcome] = attrs.field(factory=dict)

    def inbox(self, principal: str) -> Inbox:
        """The inbox of a principal."""
        return self.inboxes.setdefault(principal, Inbox())

    def grow(self, place: Place, label: Label) -> None:
        """More tags at a place that a run writes, or would have written on another path."""
        kind, name = place
        match kind:
            case "store":
                self.stores[name].grow(label)
            case "inbox":
                self.inbox(name).label |= label
            case "channel":
                self.channels[name] = self.channels.get(name, NOTHING) | label
