"""Built-in rules about contracts and conditions: what a callee requires, what a workflow promises, that no condition errs."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.encoding.encoded import coerce, has_any
from wfcheck.checker.obligation import (
    COMPLETE_MEDIATION,
    UNCONFIRMED,
    Case,
    Finding,
    Script,
    possible,
    proved,
    unknown,
)
from wfcheck.checker.result import Verdict
from wfcheck.checker.rules.prove import Prover, contradiction
from wfcheck.checker.rules.symbolic_match import Matcher
from wfcheck.checker.symbolic.execution import Execution, SymbolicEvent
from wfcheck.checker.symbolic.types import conforms
from wfcheck.dsl import core, types
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.source import Span
from wfcheck.dsl.values.operators import OPERATORS
from wfcheck.dsl.walk import statements, subexpressions
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.term import Term


@attrs.frozen
class Demand:
    """At an event, `broken` is satisfiable if what is asked there may not hold."""

    event: SymbolicEvent
    broken: Term


def requires(case: Case) -> Finding | None:
    """`requires` of tools and inlined workflows, `when` of releases, and refinements of the types of arguments."""
    if (inlined := _asking_scope(case)) is not None:
        reason = f"this version does not yet prove what the workflow `{inlined.workflow}` requires"
        return attrs.evolve(unknown(reason), span=inlined.span)
    acts = case.acts("call", "release")
    if not any(_asks(case.program, act.kind, act.subject) for act in acts) and not _gradual(case):
        return None
    prover = Prover(case)
    demands = list(_demands(case, prover.over))
    answer = prover.decide(prover.over, [d.broken for d in demands])
    match answer:
        case solver.Unsat(core=names):
            why = contradiction(prover, names)
            if why is not None:
                return Finding(Verdict.INCONSISTENT, reason=why, assumptions=names)
            return proved(COMPLETE_MEDIATION, *names)
        case solver.Sat():
            broken = next((d for d in demands if _open(prover, d)), None)
            where = case.workflow.span if broken is None else broken.event.span
            return attrs.evolve(possible(UNCONFIRMED), span=where, starts=_starts(case, prover))
        case solver.Unknown(reason=why):
            return unknown(f"the solver gave up: {why}")


def _open(prover: Prover, demand: Demand) -> bool:
    return not isinstance(prover.decide(prover.over, [demand.broken]), solver.Unsat)


def _starts(case: Case, prover: Prover) -> Iterator[Script]:
    for execution in prover.exact():
        answer = prover.decide(execution, [d.broken for d in _demands(case, execution)])
        if isinstance(answer, solver.Sat):
            yield from prover.scripts(execution, answer)


def _asks(program: core.Program, kind: str, subject: str | None) -> bool:
    if kind == "release":
        release = program.releases[subject or ""]
        return release.condition is not None or any(_refined(p.type) for p in release.parameters)
    tool = program.tools[subject or ""]
    return bool(tool.requires) or any(_refined(p.type) for p in tool.parameters)


def _gradual(case: Case) -> bool:
    """Whether a value of `any` is passed where a type is asked for."""
    return any(
        has_any(value.type) and not has_any(parameter.type)
        for call in statements(case.workflow.body)
        if isinstance(call, core.Call)
        for parameter in case.program.tools[call.tool].parameters
        for name, value in call.arguments
        if name == parameter.name
    )


def _refined(type_: types.Type) -> bool:
    match type_:
        case types.RefinedType():
            return True
        case types.RecordType(fields=fields):
            return any(_refined(t) for _, t in fields)
        case types.ListType(item=inner) | types.MapType(value=inner) | types.OptionType(base=inner):
            return _refined(inner)
        case _:
            return False


def _asking_scope(case: Case) -> core.Scope | None:
    for statement in statements(case.workflow.body):
        if isinstance(statement, core.Scope):
            callee = case.program.workflows[statement.workflow]
            if statement.requires or any(_refined(p.type) for p in callee.parameters):
                return statement
    return None


def _demands(case: Case, execution: Execution) -> Iterator[Demand]:
    matcher = Matcher(case.program, execution.notes)
    for event in execution.events:
        if event.certain and event.kind in ("call", "release"):
            sure = b.and_(*_conditions(case, matcher, event, execution))
            if sure is not b.TRUE:
                yield Demand(event, b.and_(event.guard, b.not_(sure)))


def _conditions(case: Case, matcher: Matcher, event: SymbolicEvent, execution: Execution) -> Iterator[Term]:
    if event.kind == "release":
        release = case.program.releases[event.subject or ""]
        yield matcher.holds(release.condition, event, {}).sure
        for parameter in release.parameters:
            if _refined(parameter.type):
                yield _typed(event.arguments[parameter.name], parameter.type, execution)
        return
    tool = case.program.tools[event.tool or ""]
    for contract in tool.requires:
        yield matcher.holds(contract.condition, event, {}).sure
    given = matcher.arguments(event)
    for parameter in tool.parameters:
        yield coerce(given["argument", parameter.name], parameter.type)[1]
        if _refined(parameter.type):
            yield _typed(given["argument", parameter.name], parameter.type, execution)


def _typed(value: object, type_: types.Type, execution: Execution) -> Term:
    """The value is of the type; of elements that no term shows, nothing is known."""
    match type_:
        case types.ListType(item=inner) | types.MapType(value=inner) if _refined(inner):
            return b.FALSE
        case _:
            return conforms(value, type_, execution.notes)  # type: ignore[arg-type]


def promises(case: Case) -> Finding | None:
    """`ensures` of the workflow and of those it inlines: not proved yet."""
    scopes = [s for s in statements(case.workflow.body) if isinstance(s, core.Scope) and s.ensures]
    if not case.workflow.ensures and not scopes:
        return None
    return unknown("this version does not yet prove what a workflow ensures")


def invariants(case: Case) -> Finding | None:
    """`invariant` of loops: not proved yet."""
    found = [s for s in statements(case.workflow.body) if isinstance(s, core.While) and s.invariants]
    if not found:
        return None
    return attrs.evolve(unknown("this version does not yet prove loop invariants"), span=found[0].span)


def defined(case: Case) -> Finding | None:
    """No condition of the workflow errs."""
    for statement in statements(case.workflow.body):
        for condition in _asked(statement):
            part = next((e for e in subexpressions(condition) if _may_err(e)), None)
            if part is not None:
                reason = f"whether `{phrase(part)}` always has a value is not proved in this version"
                return attrs.evolve(unknown(reason), span=_place(part))
    return None


def _asked(statement: core.Statement) -> tuple[core.Expr, ...]:
    match statement:
        case core.If(condition=condition) | core.While(condition=condition):
            return (condition,)
        case core.Recall(condition=condition):
            return () if condition is None else (condition,)
        case core.Agent(may=may):
            return tuple(m.condition for m in may if m.condition is not None)
        case _:
            return ()


def _may_err(expression: core.Expr) -> bool:
    match expression:
        case core.Index() | core.Lookup():
            return True
        case core.Field(base=inner):
            return isinstance(types.base(inner.type), types.AnyType | types.OptionType)
        case core.Apply(op=op, args=args):
            kinds = [types.base(a.type) for a in args]
            absent = op not in ("==", "!=", "in") and any(_optional(a) for a in args)
            mixed = types.ANY in kinds or (op not in ("==", "!=") and types.TIME in kinds)
            none = any(isinstance(a, core.Literal) and a.value is None for a in args)
            return bool(OPERATORS[op].errs) or absent or (mixed and not none)
        case _:
            return False


def _optional(expression: core.Expr) -> bool:
    return isinstance(types.base(expression.type), types.AnyType | types.OptionType)


def _place(expression: core.Expr) -> Span:
    return expression.span
