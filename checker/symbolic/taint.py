"""Path-sensitive labels: which tags a value carries, and under which condition.

A `Mask` says of sets of tags (bits of the label table) when they are present. A `Taint` follows the shape of a value as the static
label trees do: `own` is of the value itself and of every part without an entry, `parts` of fields and, under `[]`, of elements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import attrs

from wfcheck.checker.labels.tree import ELEMENT, Tree
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

Mask: TypeAlias = Mapping[Term, int]
CLEAN: Mask = {}
_MOST = 24


def always(bits: int) -> Mask:
    """The tags, whatever happens."""
    return {b.TRUE: bits} if bits else CLEAN


def union(*masks: Mask) -> Mask:
    """What any of them says."""
    kept = [m for m in masks if m]
    if len(kept) <= 1:
        return kept[0] if kept else CLEAN
    found: dict[Term, int] = {}
    for mask in kept:
        for term, bits in mask.items():
            found[term] = found.get(term, 0) | bits
    return _trimmed(found)


def _trimmed(found: dict[Term, int]) -> Mask:
    sure = found.get(b.TRUE, 0)
    if sure:
        found = {t: bits for t, bits in found.items() if t is b.TRUE or bits & ~sure}
    if len(found) <= _MOST:
        return found
    result: dict[Term, int] = {b.TRUE: sure} if sure else {}
    rest = [(t, bits) for t, bits in found.items() if t is not b.TRUE]
    every = 0
    for _, bits in rest:
        every |= bits
    result[b.or_(*(t for t, _ in rest))] = every
    return result


def under(condition: Term, mask: Mask) -> Mask:
    """What it says, where the condition holds."""
    if condition is b.TRUE or not mask:
        return mask
    found: dict[Term, int] = {}
    for term, bits in mask.items():
        both = b.and_(condition, term)
        if both is not b.FALSE:
            found[both] = found.get(both, 0) | bits
    return found


def mapped(mask: Mask, change: Callable[[int], int]) -> Mask:
    """The mask under a function on sets of tags that distributes over unions, but for what it always adds."""
    found: dict[Term, int] = {b.TRUE: change(0)}
    for term, bits in mask.items():
        found[term] = found.get(term, 0) | change(bits)
    return _trimmed({t: bits for t, bits in found.items() if bits})


def meets(mask: Mask, bits: int) -> Term:
    """True iff one of the tags is present."""
    return b.or_(*(term for term, some in mask.items() if some & bits))


@attrs.frozen
class Taint:
    """See the module."""

    own: Mask
    parts: Mapping[str, Taint] = attrs.field(factory=dict)

    @property
    def every(self) -> Mask:
        """All tags anywhere in the value."""
        return union(self.own, *(part.every for part in self.parts.values()))

    def part(self, name: str) -> Taint:
        """The field; an entry for elements stands for any name."""
        found = self.parts.get(name) or Taint(self.own)
        element = self.parts.get(ELEMENT)
        return found if element is None or name == ELEMENT else join(found, element)

    def element(self) -> Taint:
        """Any element of a list, or any value of a map or record that is indexed."""
        if not self.parts:
            return Taint(self.own)
        if ELEMENT in self.parts and len(self.parts) == 1:
            return self.parts[ELEMENT]
        return join(Taint(self.own), *self.parts.values())


EMPTY = Taint(CLEAN)


def join(*taints: Taint) -> Taint:
    """The least taint above all of them."""
    result = taints[0]
    for other in taints[1:]:
        if other is not result:
            result = _join(result, other)
    return result


def _join(first: Taint, second: Taint) -> Taint:
    names = [*first.parts, *(n for n in second.parts if n not in first.parts)]
    parts = {n: _join(_explicit(first, n), _explicit(second, n)) for n in names}
    return Taint(union(first.own, second.own), parts)


def _explicit(taint: Taint, name: str) -> Taint:
    return taint.parts.get(name) or (Taint(taint.own) if name == ELEMENT else taint.part(name))


def raised(taint: Taint, mask: Mask) -> Taint:
    """The taint with the mask added everywhere."""
    if not mask:
        return taint
    return Taint(union(taint.own, mask), {n: raised(p, mask) for n, p in taint.parts.items()})


def guarded(condition: Term, taint: Taint) -> Taint:
    """The taint, where the condition holds."""
    if condition is b.TRUE:
        return taint
    return Taint(under(condition, taint.own), {n: guarded(condition, p) for n, p in taint.parts.items()})


def grown(taint: Taint, path: core.FieldPath, mask: Mask) -> Taint:
    """The taint with the mask added at a path and everywhere below it."""
    if not path:
        return raised(taint, mask)
    part = grown(_explicit(taint, path[0]), path[1:], mask)
    return Taint(taint.own, {**taint.parts, path[0]: part})


def static(tree: Tree, keep: int) -> Taint:
    """A static label tree, whatever happens."""
    return Taint(always(tree.own & keep), {n: static(p, keep) for n, p in tree.parts.items()})


def total(taints: Iterable[Taint]) -> Mask:
    """All tags of all of them."""
    return union(*(t.every for t in taints))
