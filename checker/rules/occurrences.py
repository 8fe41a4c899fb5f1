"""How often an event can happen in one run at most, by the shape of the workflow alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from wfcheck.checker.obligation import Case
from wfcheck.checker.rules.events import may_be
from wfcheck.dsl import core
from wfcheck.dsl.walk import blocks

Count: TypeAlias = float
"""A whole number, or infinity."""
Sites: TypeAlias = Mapping[core.NodeId, int]
"""How many of the acts of a node may match."""

SINGLE = frozenset({"call", "say", "ask", "remember", "recall", "release"})
"""Kinds of events of which a statement that is no region makes one each time it runs, and an agent at most one in a step."""


def most(case: Case, pattern: core.EventPattern) -> Count:
    """An upper bound of how many events of a run match the pattern; infinity where none is known."""
    acts = may_be(case, pattern)
    if acts is None or any(choice.kind not in SINGLE for choice in pattern.choices):
        return math.inf
    sites = {(act.node, act.choice, act.kind) for act in acts}
    return _block(case.workflow.body, Counter(node for node, _, _ in sites))


def _block(body: core.Block, sites: Sites) -> Count:
    return sum(_statement(statement, sites) for statement in body)


def _statement(statement: core.Statement, sites: Sites) -> Count:
    own = sites.get(statement.id, 0)
    match statement:
        case core.Agent(maximum=maximum):
            return maximum if own else 0
        case core.If(then=then, otherwise=otherwise):
            return max(_block(then, sites), _block(otherwise, sites))
        case core.For() | core.While():
            return _times(_rounds(statement), _block(statement.body, sites))
        case core.Retry(attempts=attempts, body=body, handler=handler):
            return _times(attempts, _block(body, sites)) + _block(handler or (), sites)
        case _:
            return own + sum(_block(block, sites) for block in blocks(statement))


def _rounds(loop: core.For | core.While) -> Count:
    limit = math.inf if loop.maximum is None else loop.maximum
    match loop:
        case core.For(source=core.MakeList(items=items)):
            return min(limit, len(items))
        case core.For(source=core.Literal(value=tuple() as items)):
            return min(limit, len(items))
        case _:
            return limit


def _times(rounds: Count, inner: Count) -> Count:
    return 0 if inner == 0 else rounds * inner
