"""The workflows of a program as conformance asks them: expressions compiled once, and what a trace cannot show."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from wfcheck.checker.conditions.compiled import (
    UNKNOWN,
    Code,
    Frame,
    Known,
    Tables,
    Truth,
    compile_expression,
)
from wfcheck.checker.conditions.compiled import holds as holds_in
from wfcheck.checker.conformance.stack import Begin, Config, Env, Steps
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.dsl import core
from wfcheck.dsl.values.meanings import EvaluationError
from wfcheck.dsl.walk import assigned

USER = "user"
NATIVE = "wftrace"
_LOOSE = frozenset({"llm", "step", "say", "end", "reset"})
_KINDS = frozenset(
    {"input", "llm", "call", "result", "fail", "approve", "deny", "message", "remember", "recall",
     "release", "step", "reset", "say", "ask", "end"}
)  # fmt: skip


@attrs.frozen
class Compiled:
    """A program with the closures of its expressions, made when they are first asked for and shared by all traces."""

    program: core.Program
    tables: Tables
    codes: dict[int, tuple[core.Expr, Code]] = attrs.field(factory=dict, repr=False)
    bound: dict[int, tuple[core.Block, frozenset[str]]] = attrs.field(factory=dict, repr=False)

    def code(self, expression: core.Expr) -> Code:
        """The closure of an expression."""
        known = self.codes.get(id(expression))
        if known is None:
            known = self.codes[id(expression)] = (expression, compile_expression(expression, self.tables))
        return known[1]

    def assigned(self, block: core.Block) -> frozenset[str]:
        """The variables that a block may bind."""
        known = self.bound.get(id(block))
        if known is None:
            known = self.bound[id(block)] = (block, assigned(block))
        return known[1]


@attrs.frozen
class Model:
    """The compiled program as one trace can show it. `hidden`: kinds of events that may be missing without meaning anything;
    `ignored`: kinds that may be there without meaning anything. `unseen`: fields that are hidden, or cut off, everywhere."""

    compiled: Compiled
    hidden: frozenset[str]
    ignored: frozenset[str]
    unseen: frozenset[str] = frozenset()

    @staticmethod
    def of(compiled: Compiled, format_: str, completeness: Mapping[str, Completeness]) -> Model:
        """Only the project's own format tells every step, answer and end as the workflow has them."""
        absent = frozenset(kind for kind in _KINDS if completeness.get(kind) == "absent")
        loose = frozenset() if format_ == NATIVE else _LOOSE
        unseen = frozenset(field for field, shown in completeness.items() if shown != "full")
        return Model(compiled, absent | loose, loose, unseen)

    @property
    def program(self) -> core.Program:
        """The program."""
        return self.compiled.program

    def value(self, expression: core.Expr, env: Env) -> Known:
        """The value under the variables of a run; UNKNOWN where the record does not tell. Raises EvaluationError."""
        return self.compiled.code(expression)(Frame({}, bound=env))

    def known(self, expression: core.Expr, env: Env) -> Known:
        """The same, where an error is as good as unknown."""
        try:
            return self.value(expression, env)
        except EvaluationError:
            return UNKNOWN

    def holds(
        self, condition: core.Expr, env: Env, arguments: Mapping[str, Known], result: Known = UNKNOWN
    ) -> Truth:
        """The truth of a clause over arguments and result."""
        return holds_in(self.compiled.code(condition), Frame(arguments, result, env))

    def prompts(self, event: Event) -> bool:
        """Whether the event is what a host tells a model before a conversation: text of the workflow, and no act of anybody."""
        return bool(self.ignored) and event.kind == "message" and event.actor == "system" and not event.to

    def starts(self) -> list[Config]:
        """Every workflow at its start."""
        return [start(workflow) for workflow in self.program.workflows.values()]


def start(workflow: core.Workflow) -> Config:
    """A workflow before anything happened."""
    return Config(workflow, Begin(workflow.parameters, 0, Steps(workflow.body, 0, None)), {})


def entered(parameter: core.Param) -> bool:
    """Whether the value of a parameter is an input of the user, and so an event."""
    return parameter.sources is None or USER in parameter.sources
