"""Field by field labels: a tree of bit masks that follows the shape of a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.dsl.core import FieldPath

ELEMENT = "[]"
MAX_DEPTH = 6
MAX_SIZE = 256


@attrs.frozen
class Tree:
    """`own`: the mask of the value itself (of a list: of its length) and of every part without an entry in `parts`.

    `parts`: complete masks of fields, and under `[]` of the elements of a list or the values of a map. `every`: the union of
    all masks in the tree. Built by `leaf` and `make` only, which keep trees small: a part that says no more than its parent is
    dropped, and a tree that grows beyond bounds collapses into one mask."""

    own: int
    parts: Mapping[str, Tree]
    every: int
    depth: int
    size: int

    def part(self, name: str) -> Tree:
        """The field `name`; an entry for elements stands for any name (a map read like a record)."""
        found = self.parts.get(name) or leaf(self.own)
        element = self.parts.get(ELEMENT)
        return found if element is None else join(found, element)

    def element(self) -> Tree:
        """Any element of a list, or any value of a map or record that is indexed."""
        if not self.parts:
            return leaf(self.own)
        only = self.parts.get(ELEMENT)
        if only is not None and len(self.parts) == 1:
            return only
        return join(joined(self.parts.values()), leaf(self.own))

    def at(self, path: FieldPath) -> Tree:
        """The part at a field path."""
        tree = self
        for name in path:
            tree = tree.element() if name == ELEMENT else tree.part(name)
        return tree


_NONE: Mapping[str, Tree] = {}


def leaf(mask: int) -> Tree:
    """One mask for the whole value."""
    return Tree(mask, _NONE, mask, 0, 1)


EMPTY = leaf(0)


def make(own: int, parts: Mapping[str, Tree]) -> Tree:
    """A tree with its invariants restored."""
    mixed = ELEMENT in parts and len(parts) > 1
    kept = {n: p for n, p in parts.items() if mixed or p.parts or p.own != own}
    if not kept:
        return leaf(own)
    every = own
    depth = size = 1
    for part in kept.values():
        every |= part.every
        depth = max(depth, part.depth + 1)
        size += part.size
    if depth > MAX_DEPTH or size > MAX_SIZE:
        return leaf(every)
    return Tree(own, kept, every, depth, size)


def raised(tree: Tree, mask: int) -> Tree:
    """The tree with the mask added everywhere."""
    if not mask or (not tree.parts and tree.own | mask == tree.own):
        return tree
    if not tree.parts:
        return leaf(tree.own | mask)
    return make(tree.own | mask, {n: raised(p, mask) for n, p in tree.parts.items()})


def join(first: Tree, second: Tree) -> Tree:
    """The least tree above both."""
    if first is second:
        return first
    if not first.parts and not second.parts:
        if first.own | second.own == first.own:
            return first
        return leaf(first.own | second.own)
    names = [*first.parts, *(n for n in second.parts if n not in first.parts)]
    parts = {n: join(_explicit(first, n), _explicit(second, n)) for n in names}
    return make(first.own | second.own, parts)


def _explicit(tree: Tree, name: str) -> Tree:
    found = tree.parts.get(name)
    if found is not None:
        return found
    return tree.part(name) if name != ELEMENT else leaf(tree.own)


def joined(trees: Iterable[Tree]) -> Tree:
    """The least tree above all."""
    result = EMPTY
    for tree in trees:
        result = join(result, tree)
    return result


def below(tree: Tree, other: Tree) -> bool:
    """Whether every part of `tree` is included in the same part of `other`."""
    if tree is other or not tree.every:
        return True
    if not tree.parts and not other.parts:
        return tree.own | other.own == other.own
    if tree.own | other.own != other.own:
        return False
    names = {*tree.parts, *other.parts}
    return all(below(_explicit(tree, n), _explicit(other, n)) for n in names)


def grown(tree: Tree, path: FieldPath, mask: int) -> Tree:
    """The tree with the mask added at a path and everywhere below it."""
    if not path:
        return raised(tree, mask)
    name = path[0]
    part = grown(_explicit(tree, name), path[1:], mask)
    return make(tree.own, {**tree.parts, name: part})


def union(trees: Iterable[Tree]) -> int:
    """All masks of all trees in one."""
    mask = 0
    for tree in trees:
        mask |= tree.every
    return mask
