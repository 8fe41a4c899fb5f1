"""One small function per statement: it takes the condition under which the statement starts and gives that of its end."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.labels.table import MODEL
from wfcheck.checker.labels.worst import APPROVAL_SHOWS, LLM_CONTEXT
from wfcheck.checker.symbolic import agent as agents
from wfcheck.checker.symbolic import calls, loops, people, regions
from wfcheck.checker.symbolic.operands import (
    fitted,
    name_of,
    numbered,
    operands,
    settled,
)
from wfcheck.checker.symbolic.records import Arrival, Choice, spoken
from wfcheck.checker.symbolic.state import Walk
from wfcheck.checker.symbolic.taint import (
    CLEAN,
    Mask,
    Taint,
    always,
    mapped,
    raised,
    total,
    under,
    union,
)
from wfcheck.checker.symbolic.value import NONE, SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.solver import build as b
from wfcheck.solver.term import Term

_PARTED = core.If | core.For | core.While | core.Parallel | core.Retry | core.Scope | core.Approve


def run(walk: Walk, block: core.Block, guard: Term) -> Term:
    """Walk a block."""
    joined = True
    for statement in block:
        if joined and walk.certain:
            walk.records.arrivals.append(Arrival(guard, statement.span, statement.id))
        guard = step(walk, statement, guard)
        joined = isinstance(statement, _PARTED)
    return guard


def step(walk: Walk, statement: core.Statement, guard: Term) -> Term:  # noqa: C901 - one arm per statement
    """Walk one statement."""
    match statement:
        case core.If():
            return _if(walk, statement, guard)
        case core.For():
            return loops.each(walk, run, statement, guard)
        case core.While():
            return loops.repeat(walk, run, statement, guard)
        case core.Parallel():
            return regions.parallel(walk, run, statement, guard)
        case core.Retry():
            return regions.retry(walk, run, statement, guard)
        case core.Scope():
            return regions.scope(walk, run, statement, guard)
        case core.Agent():
            return agents.agent(walk, statement, guard)
        case core.Approve():
            return _approve(walk, statement, guard)
        case core.Let():
            return _let(walk, statement, guard)
        case core.Call():
            return calls.call(walk, statement, guard)
        case core.Llm():
            return _llm(walk, statement, guard)
        case core.ReleaseCall():
            return _release(walk, statement, guard)
        case core.Say() | core.Ask() | core.Send():
            return people.tell(walk, statement, guard)
        case core.Receive():
            return people.receive(walk, statement, guard)
        case core.Remember():
            return people.remember(walk, statement, guard)
        case core.Recall():
            return people.recall(walk, statement, guard)
        case core.Stop() | core.Return():
            return _leave(walk, statement, guard)
        case _:
            assert_never(statement)


# ---------------------------------------------------------------- plain statements


def _let(walk: Walk, statement: core.Let, guard: Term) -> Term:
    found = walk.value(statement.value)
    walk.assign(statement.target, found.value, walk.here(statement.value))
    return walk.needs(statement.value, guard, found.defined)


def _if(walk: Walk, statement: core.If, guard: Term) -> Term:
    condition = walk.truth(statement.condition)
    mask = walk.taint(statement.condition).every
    start = walk.needs(statement.condition, guard, condition.defined)
    if walk.certain:
        names = spoken((statement.condition,), walk.env)
        walk.records.choices.append(Choice(statement, start, condition.value, names))
    return regions.branch(walk, run, condition.value, start, (statement.then, statement.otherwise), mask)


def _leave(walk: Walk, statement: core.Stop | core.Return, guard: Term) -> Term:
    pc = walk.pc  # not only where it stops: that it went on tells as much
    if isinstance(statement, core.Stop):
        walk.records.stops.append(guard)
        walk.exits = union(walk.exits, pc)
        return b.FALSE
    value: SymbolicValue = NONE
    taint = Taint(walk.pc)
    if statement.value is not None:
        found = walk.value(statement.value)
        guard = walk.needs(statement.value, guard, found.defined)
        value, taint = found.value, walk.here(statement.value)
    regions.promise(walk, guard, value, statement.span)
    walk.returned[-1].append((guard, value, taint))
    walk.returns[-1] = union(walk.returns[-1], pc)
    return b.FALSE


def _llm(walk: Walk, statement: core.Llm, guard: Term) -> Term:
    guard, values, taints = operands(walk, numbered(statement.context), guard)
    table = walk.labelling.table
    made = (table.bits[MODEL] | table.step_sources.get(statement.step, 0)) & walk.keep
    label = Taint(union(always(made), total(taints.values()), walk.pc, walk.doubt(LLM_CONTEXT)))
    result = walk.oracle(statement.type, name_of(walk, statement.id), guard)
    walk.ensure(statement.ensures, guard, {("result", "result"): result})
    walk.ask("value", statement.id, guard, result, statement.type)
    walk.emit("llm", statement, guard, values, taints, subject=statement.step, result=result)
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard


def _release(walk: Walk, statement: core.ReleaseCall, guard: Term) -> Term:
    release = walk.program.releases[statement.release]
    guard, given, taints = operands(walk, statement.arguments, guard)
    values = fitted(release.parameters, given)
    plain = total(walk.taint(e) for _, e in statement.arguments)
    table = walk.labelling.table
    left = mapped(plain, lambda bits: table.released(release.symbol, bits) & walk.keep)
    kept = plain if release.symbol in walk.labelling.domain.doubts else CLEAN
    label = Taint(union(left, kept, walk.pc))
    result = walk.oracle(release.result, name_of(walk, statement.id), guard)
    walk.ask("value", statement.id, guard, result, release.result)
    actors = walk.actors if release.by is None else (release.by,)
    walk.emit(
        "release", statement, guard, values, taints, subject=release.symbol, result=result, actors=actors
    )
    settled(walk, label.every)
    walk.assign(statement.target, result, label)
    return guard


def _approve(walk: Walk, statement: core.Approve, guard: Term) -> Term:
    guard, yes, left = approval(walk, statement, guard)
    if statement.otherwise is None:
        return b.and_(guard, yes)
    return regions.branch(walk, run, yes, guard, ((), statement.otherwise), left)


def approval(walk: Walk, statement: core.Approve, guard: Term) -> tuple[Term, Term, Mask]:
    """When the question is put, when the answer is yes, and the label of the answer. A refusal without `else` stops the run."""
    shown = [*statement.arguments, *numbered(statement.shows, "shows")]
    guard, given, taints = operands(walk, shown, guard)
    taints = {name: raised(taint, walk.doubt(APPROVAL_SHOWS)) for name, taint in taints.items()}
    values = dict(given)
    if statement.tool is not None:
        tool = walk.program.tools[statement.tool]
        values = {
            **fitted(tool.parameters, given),
            **{n: v for n, v in given.items() if n.startswith("shows")},
        }
    yes = walk.flag(f"{name_of(walk, statement.id)}.yes")
    walk.ask("approval", statement.id, guard, NONE, types.BOOL, yes)
    for kind, happens in (("approve", yes), ("deny", b.not_(yes))):
        walk.emit(
            kind, statement, b.and_(guard, happens), values, taints,  # type: ignore[arg-type]
            subject=statement.principal, tool=statement.tool, actors=(statement.principal,),
        )  # fmt: skip
    seen = total(walk.taint(e) for _, e in shown)
    table = walk.labelling.table
    seen = union(seen, walk.doubt(APPROVAL_SHOWS))
    left = mapped(seen, lambda bits: table.approved(statement.principal, bits) & walk.keep)
    if statement.otherwise is None:
        walk.exits = union(walk.exits, walk.pc, under(guard, left))
        walk.records.stops.append(b.and_(guard, b.not_(yes)))
    return guard, yes, left
