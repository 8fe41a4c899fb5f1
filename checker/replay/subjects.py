"""What an event is about: the tool, store, channel, principal or step that a pattern names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, TypeAlias

from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    Tables,
    Truth,
    compile_expression,
    conjunction,
    holds,
)
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core

Moment: TypeAlias = Literal["judged", "done"]


def about(
    choice: core.EventChoice, program: core.Program, tables: Tables, moment: Moment
) -> tuple[frozenset[str], Callable[[View], Truth]]:
    attempt = frozenset({"call" if moment == "judged" else "result"})
    subjects = choice.subjects
    match choice.kind:
        case "call":
            return attempt, lambda view: not subjects or view.name in subjects
        case "read":
            conditions = _return_conditions(program, tables)
            return attempt | {"input", "recall"}, lambda view: _reads(view, subjects, conditions)
        case "write":
            return attempt | {"remember"}, lambda view: _writes(view, subjects)
        case "emit":
            conditions = emission_conditions(program, tables)
            return attempt, lambda view: _emits(view, subjects, conditions)
        case "approve" | "deny" | "fail":
            return frozenset({choice.kind}), lambda view: not subjects or view.name in subjects
        case "remember" | "recall":
            return frozenset({choice.kind}), lambda view: not subjects or view.event.store in subjects
        case "message":
            return frozenset({"message"}), lambda view: _message(view, subjects, choice.to)
        case "input":
            return frozenset({"input"}), lambda view: not subjects or (view.actor or "user") in subjects
        case "release":
            return frozenset({"release"}), lambda view: not subjects or view.event.step in subjects
        case "step":
            return _STEPS, lambda view: not subjects or view.event.step in subjects
        case "end":
            return frozenset({"end"}), lambda view: view.event.error is None
        case _:
            return frozenset({choice.kind}), lambda view: not subjects or view.event.step in subjects


Static: TypeAlias = Callable[[str, str, "core.Tool | None"], "Truth | None"]


def static_of(choice: core.EventChoice) -> Static | None:
    """What the kind of an event, the name of its tool and the tool say of the subject; None where more is needed."""
    subjects = choice.subjects
    match choice.kind:
        case "call" | "approve" | "deny" | "fail":
            return lambda _kind, name, _tool: not subjects or name in subjects
        case "read":
            return lambda kind, _name, tool: _static_read(kind, tool, subjects)
        case "emit":
            return lambda _kind, _name, tool: _static_emit(tool, subjects)
        case "write":
            return lambda kind, _name, tool: _static_write(kind, tool, subjects)
        case "end" | "message":
            return None
        case _:
            return None if subjects else lambda *_: True


def _static_read(kind: str, tool: core.Tool | None, tags: frozenset[str]) -> Truth | None:
    if kind in ("input", "recall"):
        return None
    if tool is None:
        return UNKNOWN
    clauses = [clause for clause in tool.returns if not tags or clause.tags & tags]
    return None if any(c.condition is not None for c in clauses) else bool(clauses)


def _static_emit(tool: core.Tool | None, channels: frozenset[str]) -> Truth | None:
    if tool is None:
        return UNKNOWN
    chosen = [e for e in tool.emits if not channels or e.channel in channels]
    return None if any(e.condition is not None for e in chosen) else bool(chosen)


def _static_write(kind: str, tool: core.Tool | None, stores: frozenset[str]) -> Truth | None:
    if kind == "remember":
        return None
    return UNKNOWN if tool is None else bool(tool.writes & stores if stores else tool.writes)


_STEPS = frozenset({"step", "llm", "result", "ask", "recall", "release"})


def _tool_truth(view: View, holds_of: Callable[[core.Tool], bool]) -> Truth:
    return UNKNOWN if view.tool is None else holds_of(view.tool)


Conditions: TypeAlias = Mapping[tuple[str, int], Code]


def _return_conditions(program: core.Program, tables: Tables) -> Conditions:
    return {
        (tool.symbol, number): compile_expression(clause.condition, tables)
        for tool in program.tools.values()
        for number, clause in enumerate(tool.returns)
        if clause.condition is not None
    }


def _reads(view: View, tags: frozenset[str], conditions: Conditions) -> Truth:
    """A call whose declared result carries one of the tags; as an event also an input or a recalled value that does."""
    if view.kind in ("input", "recall"):
        return _carries(view, tags)
    if view.tool is None:
        return UNKNOWN
    frame = Frame(view.arguments, view.result)
    clauses = [n for n, clause in enumerate(view.tool.returns) if not tags or clause.tags & tags]
    return _some(conditions.get((view.tool.symbol, number)) for number in clauses)(frame)


def _carries(view: View, tags: frozenset[str]) -> Truth:
    if view.event.labels is not None:
        return bool(tags & set(view.event.labels)) if tags else bool(view.event.labels)
    return (view.actor or "user") in tags if view.kind == "input" else UNKNOWN


def _some(codes: Iterable[Code | None]) -> Callable[[Frame], Truth]:
    """Whether one of the conditions holds; None is no condition."""
    chosen = list(codes)

    def run(frame: Frame) -> Truth:
        truths = [True if code is None else holds(code, frame) for code in chosen]
        return True if True in truths else UNKNOWN if UNKNOWN in truths else False

    return run


def _writes(view: View, stores: frozenset[str]) -> Truth:
    if view.kind == "remember":
        return not stores or view.event.store in stores
    return _tool_truth(view, lambda tool: bool(tool.writes & stores if stores else tool.writes))


def _message(view: View, senders: frozenset[str], receivers: frozenset[str]) -> Truth:
    return conjunction(_among(view.actor, senders), _among(view.event.to, receivers))


def _among(name: str | None, wanted: frozenset[str]) -> Truth:
    return True if not wanted else UNKNOWN if name is None else name in wanted


def emission_conditions(program: core.Program, tables: Tables) -> Conditions:
    """The `when` of each conditional `emits` clause, by tool and number."""
    return {
        (tool.symbol, number): compile_expression(emission.condition, tables)
        for tool in program.tools.values()
        for number, emission in enumerate(tool.emits)
        if emission.condition is not None
    }


def _emits(view: View, channels: frozenset[str], conditions: Conditions) -> Truth:
    if view.tool is None:
        return UNKNOWN
    chosen = [n for n, e in enumerate(view.tool.emits) if not channels or e.channel in channels]
    found = _some(conditions.get((view.tool.symbol, number)) for number in chosen)
    return found(Frame(view.arguments, view.result))
