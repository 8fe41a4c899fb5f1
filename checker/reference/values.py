"""Labelled values: a tree of the value's shape with a set of tags at every node, and the way from and to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, assert_never

import attrs

from wfcheck.dsl.core import FieldPath, Value

Label: TypeAlias = frozenset[str]
NOTHING: Label = frozenset()


@attrs.frozen
class Unknown:
    """A value that exists but was not recorded; only rules over recorded events meet it."""

    reason: str


@attrs.frozen
class Atom:
    """A scalar, an absent value or an unknown one."""

    value: Value | Unknown
    label: Label


@attrs.frozen
class Record:
    """A record or map. `label`: of its being there and of its keys."""

    fields: Mapping[str, Labelled] = attrs.field(hash=False)
    label: Label


@attrs.frozen
class Items:
    """A list. `label`: of its length."""

    items: tuple[Labelled, ...]
    label: Label


Labelled: TypeAlias = Atom | Record | Items


def build(value: Value | Unknown, label: Label = NOTHING) -> Labelled:
    """The value with the same label everywhere."""
    match value:
        case tuple():
            return Items(tuple(build(v, label) for v in value), label)
        case dict():
            return Record({k: build(v, label) for k, v in value.items()}, label)
        case _:
            return Atom(value, label)


def children(tree: Labelled) -> tuple[Labelled, ...]:
    """The nodes right below."""
    match tree:
        case Atom():
            return ()
        case Record(fields=fields):
            return tuple(fields.values())
        case Items(items=items):
            return items
        case _:
            assert_never(tree)


def total(tree: Labelled) -> Label:
    """All tags anywhere in the value."""
    return tree.label.union(*(total(child) for child in children(tree)))


def joined(*trees: Labelled) -> Label:
    """All tags anywhere in the values."""
    return NOTHING.union(*(total(tree) for tree in trees))


def raised(tree: Labelled, label: Label) -> Labelled:
    """The value with more tags at every node."""
    match tree:
        case Atom(value=value, label=own):
            return Atom(value, own | label)
        case Record(fields=fields, label=own):
            return Record({k: raised(v, label) for k, v in fields.items()}, own | label)
        case Items(items=items, label=own):
            return Items(tuple(raised(v, label) for v in items), own | label)
        case _:
            assert_never(tree)


def raised_at(tree: Labelled, path: FieldPath, label: Label) -> Labelled:
    """The value with more tags at and below a path; `[]` is every element of a list or entry of a map, a path that leads
    nowhere (an absent option) labels the place where it ends."""
    if not path:
        return raised(tree, label)
    head, rest = path[0], path[1:]
    match tree:
        case Record(fields=fields, label=own) if head == "[]" or head in fields:
            grown = {k: raised_at(v, rest, label) if head in ("[]", k) else v for k, v in fields.items()}
            return Record(grown, own)
        case Items(items=items, label=own) if head == "[]":
            return Items(tuple(raised_at(v, rest, label) for v in items), own)
        case Items() | Record():
            return tree
        case Atom():
            return raised(tree, label)
        case _:
            assert_never(tree)


def plain(tree: Labelled) -> Value:
    """The value without its tags; one that holds an unknown part is not plain (AssertionError)."""
    match tree:
        case Atom(value=value):
            assert not isinstance(value, Unknown)
            return value
        case Record(fields=fields):
            return {k: plain(v) for k, v in fields.items()}
        case Items(items=items):
            return tuple(plain(v) for v in items)
        case _:
            assert_never(tree)


def unknown_part(tree: Labelled) -> Unknown | None:
    """The first unknown part of a value, or None."""
    if isinstance(tree, Atom):
        return tree.value if isinstance(tree.value, Unknown) else None
    return next((u for u in map(unknown_part, children(tree)) if u is not None), None)
