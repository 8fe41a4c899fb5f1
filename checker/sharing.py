"""Which stores and inboxes a workflow touches, and which workflows can reach another through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from wfcheck.dsl import core
from wfcheck.dsl.walk import statements

INBOX = "an inbox"
"""Stands for every inbox: who sends to whom is not told apart."""


def reads(program: core.Program, workflow: core.Workflow) -> frozenset[str]:
    """What an earlier run may have left for this workflow."""
    found: set[str] = set()
    for statement in statements(workflow.body):
        match statement:
            case core.Call(tool=name):
                found |= program.tools[name].reads
            case core.Recall(store=store):
                found.add(store)
            case core.Receive():
                found.add(INBOX)
            case core.Agent(may=may):
                for each in may:
                    found |= (
                        program.tools[each.tool].reads if each.act == "tool" and each.tool else frozenset()
                    )
                    found |= program.stores.keys() if each.act == "recall" else frozenset()
            case _:
                pass
    return frozenset(found)


def writes(program: core.Program, workflow: core.Workflow) -> frozenset[str]:
    """What this workflow may leave for a later run."""
    found: set[str] = set()
    for statement in statements(workflow.body):
        match statement:
            case core.Call(tool=name):
                found |= program.tools[name].writes
            case core.Remember(store=store):
                found.add(store)
            case core.Send() | core.Say() | core.Ask():
                found.add(INBOX)
            case core.Agent(may=may):
                found |= _left(program, may)
            case _:
                pass
    return frozenset(found)


def _left(program: core.Program, may: tuple[core.May, ...]) -> set[str]:
    found: set[str] = set()
    for each in may:
        if each.act == "tool" and each.tool is not None:
            found |= program.tools[each.tool].writes
        elif each.act == "remember":
            found |= program.stores.keys()
        elif each.act in ("send", "say", "ask"):
            found.add(INBOX)
    return found


Touched: TypeAlias = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""By workflow: what it reads, and what it writes."""


def touched(program: core.Program) -> Touched:
    """What every workflow reads and writes."""
    return {w.symbol: (reads(program, w), writes(program, w)) for w in program.workflows.values()}


def reaching(
    program: core.Program, workflow: core.Workflow, known: Touched | None = None
) -> tuple[core.Workflow, ...]:
    """The workflow itself, and those whose writes it may come to read, directly or through others. `known`: what `touched` says,
    for callers that ask about many workflows."""
    places = touched(program) if known is None else known
    found = {workflow.symbol: workflow}
    wanted = reads(program, workflow)
    grown = True
    while grown:
        grown = False
        for other in program.workflows.values():
            read, written = places[other.symbol]
            if other.symbol not in found and written & wanted:
                found[other.symbol] = other
                wanted |= read
                grown = True
    return tuple(found.values())
