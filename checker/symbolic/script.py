"""From a model to the answers of an oracle: who is asked what, for which time, and what they say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import islice
from typing import Any

import attrs

from wfcheck.checker.reference import minimal
from wfcheck.checker.reference.oracle import (
    AskUser,
    CallTool,
    Failed,
    Finish,
    RecallFrom,
    RememberIn,
    Returned,
    SayText,
    SendTo,
)
from wfcheck.checker.symbolic.constants import decode
from wfcheck.checker.symbolic.state import Question
from wfcheck.checker.symbolic.value import SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.solver.evaluate import Model, UndefinedError, evaluate_all
from wfcheck.solver.term import Term

_MARKS = {"address": "@", "url": "://"}
_YEARS = (1970, 2100)
PLACES = frozenset(_MARKS)
LOOKS = PLACES | {"date", "time"}
"""Scalar types of which a value can look like none: places, and times too."""
Answers = dict[tuple[Any, ...], Any]


@attrs.define
class _Script:
    program: core.Program
    model: Model
    plain: frozenset[str]
    found: Answers = attrs.field(factory=dict)
    visits: Counter[str] = attrs.field(factory=Counter)
    steps: Counter[str] = attrs.field(factory=Counter)
    known: dict[Term, Any] = attrs.field(factory=dict)

    def holds(self, term: Term) -> bool:
        try:
            return evaluate_all((term,), self.model, values=self.known)[term] is True
        except UndefinedError:
            return False

    def value(self, question: Question) -> core.Value:
        return self.decoded(question.value, question.type)

    def decoded(self, value: SymbolicValue, type_: types.Type) -> core.Value:
        found = decode(value, type_, self.model)
        return plainer(found, type_, self.plain) if self.plain else found

    def visit(self, site: str) -> tuple[str, int]:
        self.visits[site] += 1
        return site, self.visits[site] - 1


def answers(
    program: core.Program, questions: Iterable[Question], model: Model, *, plain: frozenset[str] = frozenset()
) -> Mapping[tuple[Any, ...], Any]:
    """The script; questions that the model does not ask are left to the defaults. `plain`: scalar types of which a
    plain value stands where one looks like none of its type; then the run need not follow the model."""
    script = _Script(program, model, plain)
    for question in questions:
        if script.holds(question.guard):
            _answer(script, question)
    return script.found


def plainer(value: core.Value, type_: types.Type, names: frozenset[str] = LOOKS) -> core.Value:
    """The value, or the plainest of its type where it is an address without `@`, a link without a scheme, or lies in no usual
    year."""
    match types.base(type_), value:
        case types.RecordType(fields=fields), dict():
            known = dict(fields)
            return {n: plainer(v, known.get(n, types.ANY), names) for n, v in value.items()}
        case ((types.ListType(item=item) | types.SetType(item=item)), tuple()):
            return tuple(plainer(v, item, names) for v in value)
        case types.OptionType(base=inner), _ if value is not None:
            return plainer(value, inner, names)
        case types.Scalar(name=name), _ if name in names and not _usual(value, name):
            return next(islice(minimal.candidates(type_), 1), value)
        case _:
            return value


def _usual(value: core.Value, name: str) -> bool:
    match value:
        case str():
            return _MARKS.get(name, "") in value
        case date():
            return _YEARS[0] <= value.year <= _YEARS[1]
        case _:
            return True


def _answer(script: _Script, question: Question) -> None:
    match question.kind:
        case "parameter":
            script.found["parameter", question.site] = script.value(question)
        case "value":
            script.found[script.visit(question.site)] = script.value(question)
        case "approval":
            script.found[script.visit(question.site)] = script.holds(question.detail)
        case "outcome":
            fine = script.holds(question.detail)
            script.found[script.visit(question.site)] = Returned(script.value(question)) if fine else Failed()
        case "store":
            script.found.setdefault(("store", question.detail, None), script.value(question))
        case "act" | "reply":
            _act(script, question)


def _act(script: _Script, question: Question) -> None:
    site = question.site
    instance, step = script.visits[site], script.steps[site]
    if question.detail == "finish":
        script.found[site, instance, step] = Finish(script.value(question))
        script.visits[site] += 1
        script.steps[site] = 0
        return
    script.steps[site] += 1
    script.found[site, instance, step] = _chosen(script, question, (site, instance, step, "result"))


def _chosen(script: _Script, question: Question, reply: tuple[Any, ...]) -> Any:
    match question.detail:
        case (core.May(act="tool", tool=str(tool)), dict(values), ok):
            parameters = script.program.tools[tool].parameters
            given = {p.name: script.decoded(values[p.name], p.type) for p in parameters}
            fine = script.holds(ok)
            script.found[reply] = Returned(script.value(question)) if fine else Failed()
            return CallTool(tool, given)
        case (core.May(act="ask"), answer):
            script.found[reply] = decode(answer, types.TEXT, script.model)
            return AskUser(script.value(question))
        case (core.May(act="send", tool=to), _):
            return SendTo(script.value(question), to or "user")
        case (core.May(act="remember", tool=store), _):
            return RememberIn(script.value(question), store or next(iter(script.program.stores)))
        case (core.May(act="recall", tool=store), _):
            return RecallFrom(store or next(iter(script.program.stores)))
        case _:
            return SayText(script.value(question))
