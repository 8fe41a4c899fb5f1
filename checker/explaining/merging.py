"""Choices and grants that differ in their subjects alone, as one."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from wfcheck.dsl import core


def merged(pattern: core.EventPattern) -> core.EventPattern:
    """The same events with fewer choices."""
    found: dict[object, core.EventChoice] = {}
    for choice in pattern.choices:
        like = attrs.evolve(choice, subjects=frozenset())
        rest = repr((like.kind, bool(choice.subjects), like.tests, like.result, like.by, sorted(like.to)))
        known = found.get(rest)
        subjects = choice.subjects if known is None else known.subjects | choice.subjects
        found[rest] = attrs.evolve(choice, subjects=subjects)
    return attrs.evolve(pattern, choices=tuple(found.values()))


def merged_grants(grants: Iterable[core.Grant]) -> list[core.Grant]:
    """Grants without a condition as one, the others as they are."""
    listed = list(grants)
    plain = [grant for grant in listed if grant.condition is None]
    if not plain:
        return listed
    choices = tuple(choice for grant in plain for choice in grant.event.choices)
    event = merged(attrs.evolve(plain[0].event, choices=choices))
    return [attrs.evolve(plain[0], event=event), *(g for g in listed if g.condition is not None)]


def bare(pattern: core.EventPattern) -> core.EventPattern:
    """The events without the tests of their arguments and results."""
    choices = (attrs.evolve(choice, tests=(), result=None) for choice in pattern.choices)
    return attrs.evolve(pattern, choices=tuple(choices))
