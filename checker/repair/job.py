"""What a rule that is to be mended is about: its steps, the calls that it judges, and the values at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

import attrs

from wfcheck.checker.explaining.expressions import enclosed, written
from wfcheck.checker.repair.naming import Called, called
from wfcheck.checker.repair.places import Place, places, slice_of, steps
from wfcheck.checker.result import Result
from wfcheck.dsl import core, syntax
from wfcheck.dsl.elaboration.elaborate import Elaborated
from wfcheck.dsl.types import Type, base
from wfcheck.dsl.walk import subexpressions

PLAIN = frozenset({"argument", "result", "bound"})
"""Variables that a step of a workflow can speak of, once they are replaced by what was passed."""


@attrs.frozen(slots=False)
class Job:
    """A rule (None: a built-in one), a workflow that breaks it, and where its steps stand."""

    made: Elaborated
    workflow: core.Workflow
    rule: core.Rule | None
    result: Result

    @property
    def program(self) -> core.Program:
        """The program as it is."""
        return self.made.program

    @cached_property
    def known(self) -> dict[tuple[str, int, int], Place]:
        """Every statement of every workflow by its span."""
        return places(self.made)

    @cached_property
    def steps(self) -> list[tuple[core.Statement, Place]]:
        """The steps of this workflow, in order."""
        return steps(self.workflow, self.known)

    @cached_property
    def calls(self) -> list[tuple[core.Call, Place]]:
        """The calls of tools that are statements of their own."""
        return [(s, p) for s, p in self.steps if isinstance(s, core.Call)]

    @cached_property
    def agents(self) -> list[tuple[core.Agent, Place, syntax.AgentStatement]]:
        """The agent regions."""
        return [
            (s, p, p.statement)
            for s, p in self.steps
            if isinstance(s, core.Agent) and isinstance(p.statement, syntax.AgentStatement)
        ]

    def called(self, place: Place, symbol: str) -> Called | None:
        """How the file of a place calls something."""
        return called(self.made, place.source.path, symbol)

    def types(self, place: Place) -> dict[str, Type]:
        """The variables of the workflow that a place stands in, as it names them, with their types."""
        path = place.source.path
        for workflow in self.program.workflows.values():
            if workflow.file == path and workflow.symbol.partition("@")[0] == place.workflow:
                return dict(_typed(workflow, self.program))
        return {}


def _typed(workflow: core.Workflow, program: core.Program) -> Iterator[tuple[str, Type]]:
    for parameter in workflow.parameters:
        yield parameter.name, parameter.type
    for step in workflow.body:
        yield from _bound(step, program)


def _bound(step: core.Statement, program: core.Program) -> Iterator[tuple[str, Type]]:
    match step:
        case core.Let(target=target, value=value):
            yield target, value.type
        case core.Call(target=str() as target, tool=tool):
            yield target, program.tools[tool].result
        case core.ReleaseCall(target=str() as target, release=release):
            yield target, program.releases[release].result
        case (
            core.Llm(target=str() as target, type=type_)
            | core.Agent(target=str() as target, type=type_)
            | core.Ask(target=str() as target, type=type_)
            | core.Receive(target=str() as target, type=type_)
            | core.Recall(target=str() as target, type=type_)
        ):
            yield target, type_
        case _:
            return


# ---------------------------------------------------------------- calls and what they are given


def call_text(place: Place) -> str | None:
    """The call of a statement, without what it is assigned to."""
    match place.statement:
        case syntax.CallStatement(call=call):
            return slice_of(place.source, call.span)
        case syntax.Assign(value=syntax.Apply() as value):
            return slice_of(place.source, value.span)
        case _:
            return None


def passed(call: core.Call, place: Place) -> dict[str, str]:
    """The arguments of a call as they are written; those left out are not there."""
    given = {}
    for name, value in call.arguments:
        span = value.span
        inside = place.statement.span.start <= span.start and span.end <= place.statement.span.end
        if inside and span.file == place.source.path and (span.start, span.end) != _whole(place):
            given[name] = slice_of(place.source, span)
    return given


def _whole(place: Place) -> tuple[int, int]:
    return place.statement.span.start, place.statement.span.end


def arguments(call: core.Call, place: Place) -> Iterator[tuple[str, core.Expr]]:
    """The arguments that are written, with their expressions."""
    given = passed(call, place)
    yield from ((name, value) for name, value in call.arguments if name in given)


# ---------------------------------------------------------------- conditions in words


_SIMPLE = re.compile(r'[\w.`]+|"[^"\\]*"')


def operand(text: str) -> str:
    """A text as part of a larger expression."""
    return text if _SIMPLE.fullmatch(text) or enclosed(text) else f"({text})"


def said(expression: core.Expr, names: Mapping[str, str]) -> str | None:
    """A condition over the arguments of a call, in the words of the workflow; None where it speaks of something else."""
    for part in subexpressions(expression):
        if isinstance(part, core.Lookup | core.Known | core.LastEvent | core.EarlierEvent):
            return None
        if isinstance(part, core.Variable) and not _known(part, names):
            return None
    return written(
        expression, lambda v: operand(names[v.name]) if v.kind in ("argument", "result") else v.name
    )


def _known(variable: core.Variable, names: Mapping[str, str]) -> bool:
    return variable.kind == "bound" or (variable.kind in PLAIN and variable.name in names)


def tested(choice: core.EventChoice, names: Mapping[str, str]) -> list[str] | None:
    """What the arguments of a pattern ask for, each in words; None where that cannot be said here."""
    found = []
    for name, test in choice.tests:
        if not isinstance(test, core.Compare) or name not in names:
            return None
        value = said(test.value, names)
        if value is None:
            return None
        literal = isinstance(test.value, core.Literal) and isinstance(test.value.value, str)
        if test.op == "matches" and literal:
            value = f"/{test.value.value}/"  # type: ignore[union-attr]
        found.append(f"{operand(names[name])} {test.op} {value}")
    return found


_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def denied(condition: str) -> str:
    """The opposite of a condition in words."""
    parts = condition.split(" ")
    if len(parts) == 3 and parts[1] in _OPPOSITE:
        return f"{parts[0]} {_OPPOSITE[parts[1]]} {parts[2]}"
    if condition.startswith("not (") and enclosed(condition.removeprefix("not ")):
        return condition.removeprefix("not ")[1:-1]
    return f"not {condition}" if enclosed(condition) or condition.isidentifier() else f"not ({condition})"


def same_type(first: Type, second: Type) -> bool:
    """Whether a value of the one can stand for the other, refinements aside."""
    return base(first) == base(second)
