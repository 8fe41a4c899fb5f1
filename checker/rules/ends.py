"""The two ends of a flow rule: what its sources are (see `sources`), and where in a workflow its sinks are."""

from __future__ import annotations

from typing import assert_never

import attrs

from wfcheck.checker.labels.agent import CONTEXT
from wfcheck.checker.labels.analysis import WorkflowLabels
from wfcheck.checker.labels.state import Act
from wfcheck.checker.rules.sources import Ends, UnsupportedEndError, sources
from wfcheck.dsl import core
from wfcheck.dsl.walk import statements, subexpressions

__all__ = ["Ends", "Hit", "Sink", "UnsupportedEndError", "arriving", "sinks", "sources"]


@attrs.frozen
class Sink:
    """A place where a value arrives. `label`: of the value and of the decision that it arrives; `everything`: of all that the
    same event carries; `arguments`: the names of what arrives. It arrives only if `when` (over the arguments) holds and the
    event matches `choice`, where there are such. `read`: of what a tool took from stores, of which no term speaks."""

    act: Act
    name: str
    label: int
    everything: int
    arguments: tuple[str, ...]
    when: core.Expr | None = None
    choice: core.EventChoice | None = None
    read: int = 0


Part = tuple[str, core.FieldPath]
RESULT = "the result"
"""Stands for it among the names of what arrives."""


@attrs.frozen
class Hit:
    """An end that names an act: what arrives there (its `result`, and what the tool `reads`, too), and under which conditions."""

    name: str
    parts: tuple[Part, ...]
    when: core.Expr | None = None
    choice: core.EventChoice | None = None
    result: bool = False
    reads: bool = False


_ACTS: dict[type[core.FlowEnd], tuple[str, ...]] = {
    core.ChannelEnd: ("call",),
    core.ArgumentEnd: ("call",),
    core.ParameterEnd: ("scope",),
    core.StoreEnd: ("call", "remember"),
    core.AgentEnd: ("llm", "agent"),
    core.PrincipalEnd: ("say", "ask", "message", "approve"),
}
"""The kinds of acts at which an end can lie; the others may lie at any, or at none."""


def sinks(program: core.Program, labels: WorkflowLabels, end: core.FlowEnd, *, implicit: bool) -> list[Sink]:
    """All places of the workflow that the end names; raises UnsupportedEndError."""
    kinds = _ACTS.get(type(end))
    acts = labels.acts.values() if kinds is None else labels.of(*kinds)
    return [_sink(labels, act, hit, implicit) for act in acts for hit in _hits(program, act, end, implicit)]


def _sink(labels: WorkflowLabels, act: Act, hit: Hit, implicit: bool) -> Sink:
    decision = act.decision if implicit else 0
    label = decision
    for argument, path in hit.parts:
        label |= act.arguments[argument].at(path).every
    if act.kind == "agent":
        label |= labels.heads[act.node].variables[CONTEXT].every
    names = tuple(argument for argument, _ in hit.parts)
    if hit.result:
        label, names = label | act.result.every, (*names, RESULT)
    read = act.read if hit.reads else 0
    label |= read
    return Sink(act, hit.name, label, act.shown | decision | label, names, hit.when, hit.choice, read)


def _everything(act: Act) -> tuple[Part, ...]:
    return tuple((name, ()) for name in act.arguments)


def _hits(program: core.Program, act: Act, end: core.FlowEnd, implicit: bool) -> list[Hit]:
    match end:
        case core.ChannelEnd(channels=channels):
            return _emissions(program, act, channels, implicit)
        case core.CallEnd(event=event):
            return [hit for choice in event.choices for hit in _event_hits(program, act, choice, implicit)]
        case core.ArgumentEnd(tool=tool, argument=argument, path=path):
            there = act.kind == "call" and act.subject == tool and argument in act.arguments
            return [Hit(f"`{tool}.{argument}`", ((argument, path),))] if there else []
        case core.ParameterEnd(workflow=workflow, parameter=parameter, path=path):
            there = act.kind == "scope" and workflow in (None, act.subject) and parameter in act.arguments
            return [Hit(f"the parameter `{parameter}`", ((parameter, path),))] if there else []
        case core.StoreEnd(store=store):
            there = _writes(program, act, frozenset({store}))
            return [Hit(f"the store `{store}`", _everything(act), reads=True)] if there else []
        case core.AgentEnd(step=step):
            there = act.kind in ("llm", "agent") and act.subject == step
            return [Hit(f"`{step}`", _everything(act))] if there else []
        case core.PrincipalEnd(principal=principal):
            told = act.kind in ("say", "ask", "message", "approve") and act.subject in (principal, None)
            return [Hit(f"`{principal}`", _everything(act))] if told else []
        case core.TagEnd() | core.ResultEnd() | core.LiteralEnd():
            raise UnsupportedEndError("a tag, a result or a table as the end of a flow is not decided yet")
        case _:
            assert_never(end)


def _emissions(program: core.Program, act: Act, channels: frozenset[str], implicit: bool) -> list[Hit]:
    if act.kind != "call":
        return []
    tool = program.tools[act.subject or ""]
    return [
        Hit(
            f"{_outside(tool, emission)} through `{tool.symbol}`",
            tuple(
                (name, ()) for name in act.arguments if name in arriving(tool, emission, implicit=implicit)
            ),
            emission.condition,
            reads=emission.arguments is None,
        )
        for emission in tool.emits
        if emission.channel in channels
    ]


def _outside(tool: core.Tool, emission: core.Emission) -> str:
    """The channel; one that nobody declared is called after its tool."""
    return "the outside" if emission.channel == tool.symbol else f"`{emission.channel}`"


def arriving(tool: core.Tool, emission: core.Emission, *, implicit: bool = True) -> frozenset[str]:
    """The arguments that a channel learns of: those emitted, and (as a decision) those that decide the emission."""
    names = emission.arguments
    taken = frozenset(p.name for p in tool.parameters) if names is None else names
    if emission.condition is None or not implicit:
        return taken
    parts = subexpressions(emission.condition)
    return taken | {e.name for e in parts if isinstance(e, core.Variable) and e.kind == "argument"}


def _writes(program: core.Program, act: Act, stores: frozenset[str]) -> bool:
    if act.kind == "call":
        return bool(program.tools[act.subject or ""].writes & stores)
    return act.kind == "remember" and (act.subject is None or act.subject in stores)


def _event_hits(program: core.Program, act: Act, choice: core.EventChoice, implicit: bool) -> list[Hit]:
    told = act.kind in ("agent", "approve", "release")
    if choice.by is not None and act.actor != choice.by and not told:
        return []
    named = not choice.subjects or act.subject is None or act.subject in choice.subjects
    whole = [Hit(f"`{act.subject or 'any'}`", _everything(act), choice=choice)]
    match choice.kind:
        case "call":
            return whole if act.kind == "call" and named else []
        case "emit":
            return _emissions(program, act, choice.subjects or frozenset(program.channels), implicit)
        case "write":
            there = _writes(program, act, choice.subjects or frozenset(program.stores))
            return [attrs.evolve(hit, reads=True) for hit in whole] if there else []
        case "llm":
            return whole if act.kind in ("llm", "agent") and named else []
        case "remember" | "release":
            return whole if act.kind == choice.kind and named else []
        case "say" | "ask" | "approve":
            return whole if act.kind == choice.kind else []
        case "fail" | "recall" | "deny" | "read" | "step":
            return _after_effects(program, act, choice, named)
        case "message":
            there = act.kind == "message" and (
                not choice.to or act.subject is None or act.subject in choice.to
            )
            return whole if there else []
        case _:
            raise UnsupportedEndError(f"flows to `{choice.kind}` events are not decided yet")


def _after_effects(program: core.Program, act: Act, choice: core.EventChoice, named: bool) -> list[Hit]:
    """Events that tell of what went into an act and of what came of it."""
    tool = program.tools.get(act.subject or "") if act.kind == "call" else None
    match choice.kind:
        case "fail":
            there = tool is not None and named
        case "recall":
            there = act.kind == "recall" and named
        case "deny":
            there = act.kind == "approve"
        case "read":
            brings = frozenset() if tool is None else frozenset().union(*(r.tags for r in tool.returns))
            there = tool is not None and bool(brings & choice.subjects or not choice.subjects)
        case _:
            there = act.node in _nodes(program, choice.subjects) and act.choice == 0
    told = choice.kind in ("fail", "recall")
    return [Hit(f"`{act.subject or choice.kind}`", _everything(act), result=told)] if there else []


def _nodes(program: core.Program, steps: frozenset[str]) -> frozenset[core.NodeId]:
    """The statements of those names; without names, every one that has a name."""
    bodies = (statements(workflow.body) for workflow in program.workflows.values())
    found = ((s.id, getattr(s, "step", None)) for body in bodies for s in body)
    return frozenset(id_ for id_, step in found if step is not None and (step in steps or not steps))
