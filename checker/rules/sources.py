"""The sources of a flow rule: which tags they are, and which are no tags and need a bit of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

import attrs

from wfcheck.checker.labels.table import MODEL, USER, Table, VirtualSource, residue
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements


class UnsupportedEndError(Exception):
    """This form of an end is not decided yet; the message says which."""


@attrs.frozen
class Ends:
    """Sources of one rule: declared tags, and virtual sources with a bit of their own."""

    tags: frozenset[str]
    virtual: tuple[VirtualSource, ...]

    def mask(self, table: Table, except_via: frozenset[str]) -> int:
        """Every bit that counts as one of the sources."""
        bits = table.stands_for(self.tags, except_via)
        return bits | table.mask(source.symbol for source in self.virtual)


def sources(program: core.Program, ends: Iterable[core.FlowEnd], except_via: frozenset[str]) -> Ends:
    """The sources of a rule; raises UnsupportedEndError."""
    tags: set[str] = set()
    virtual: list[VirtualSource] = []
    for end in ends:
        for part in _source(program, end):
            if isinstance(part, str):
                tags.add(part)
            else:
                virtual.append(VirtualSource(part, except_via))
    return Ends(frozenset(tags), tuple(dict.fromkeys(virtual)))


def _source(program: core.Program, end: core.FlowEnd) -> Iterator[core.FlowEnd | str]:
    match end:
        case core.TagEnd(tags=tags):
            yield from sorted(tags)
        case core.PrincipalEnd(principal=principal):
            yield principal
        case core.CallEnd(event=event):
            for choice in event.choices:
                yield from _event_source(program, choice)
        case core.ResultEnd() | core.ArgumentEnd() | core.ParameterEnd() | core.StoreEnd() | core.AgentEnd():
            yield end
        case core.ChannelEnd():
            raise UnsupportedEndError("nothing comes from a channel: flows from a channel are not decided")
        case core.LiteralEnd():
            raise UnsupportedEndError("flows from a table are not decided yet")
        case _:
            assert_never(end)


def _event_source(program: core.Program, choice: core.EventChoice) -> Iterator[core.FlowEnd | str]:
    """What such events bring; of a failure, all that the call could have brought."""
    people = sorted({USER, *program.principals})
    match choice.kind:
        case "call" | "fail":
            yield from (core.ResultEnd(tool, ()) for tool in sorted(choice.subjects or program.tools))
        case "read":
            yield from sorted(choice.subjects)
        case "recall" | "remember" | "write":
            yield from (core.StoreEnd(store) for store in sorted(choice.subjects or program.stores))
        case "release":
            yield from map(residue, sorted(choice.subjects or program.releases))
        case "input":
            yield from sorted(choice.subjects) or people
        case "ask" | "approve" | "deny":
            yield from people if choice.by is None or choice.kind == "ask" else (choice.by,)
        case "message":
            yield from (core.AgentEnd(step) for step in sorted(_receivers(program)))
        case "llm" if not choice.subjects:
            yield MODEL
        case "llm" | "step":
            yield from (end for step in _steps(program, choice) for end in _step_source(program, step))
        case _:
            raise UnsupportedEndError(f"flows from `{choice.kind}` events are not decided")


def _steps(program: core.Program, choice: core.EventChoice) -> list[str]:
    """The steps that are named; without a name, all."""
    bodies = (statements(workflow.body) for workflow in program.workflows.values())
    every = (getattr(s, "step", None) for body in bodies for s in body)
    return sorted(choice.subjects or {step for step in every if step is not None})


def _step_source(program: core.Program, step: str) -> Iterator[core.FlowEnd | str]:
    """What a step brings: of a call, all that its tool ever brings."""
    yield core.AgentEnd(step)
    for workflow in program.workflows.values():
        for statement in statements(workflow.body):
            match statement:
                case core.Call(step=name, tool=tool) if name == step:
                    yield core.ResultEnd(tool, ())
                case core.Recall(step=name, store=store) if name == step:
                    yield core.StoreEnd(store)
                case core.Ask(step=name, principal=principal) if name == step:
                    yield principal
                case core.ReleaseCall(step=name, release=release) if name == step:
                    yield residue(release)
                case core.Scope(step=name) if name == step:
                    raise UnsupportedEndError("flows from an inlined workflow are not decided")
                case _:
                    pass


def _receivers(program: core.Program) -> set[str]:
    bodies = (statements(w.body) for w in program.workflows.values())
    return {s.step for body in bodies for s in body if isinstance(s, core.Receive)}
