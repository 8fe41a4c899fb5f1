"""Partitions of a store: one counts alone only where it is named by a literal key.

In the label of a partitioned store `own` is of all that was written under other keys (of every partition, that is), and each
partition that a literal names has a part of its own."""

from __future__ import annotations

from fractions import Fraction

from wfcheck.checker.labels.tree import EMPTY, Tree, grown, join, leaf
from wfcheck.dsl import core


def cell(store: core.Store, key: core.Expr | None) -> str | None:
    """The name of the partition that the key names for sure."""
    if store.partition is None or not isinstance(key, core.Literal):
        return None
    value = key.value
    same = Fraction(value) if isinstance(value, bool | int | Fraction) else value
    return f"key {same!r}"


def held(tree: Tree, store: core.Store, key: core.Expr | None) -> Tree:
    """What may be found under the key; without one, anywhere in the store."""
    name = cell(store, key)
    return leaf(tree.every if name is None else tree.part(name).every)


def kept(store: core.Store, key: core.Expr | None, value: int, control: int) -> Tree:
    """What the store's label grows by. Whether something was written at all is told by the whole store."""
    name = cell(store, key)
    return leaf(value | control) if name is None else join(leaf(control), grown(EMPTY, (name,), value))
