"""Agents. In mode Over: one representative act per `may`, among uncertain acts before and after it; where an agent may make few
steps, each of them. In mode Unroll: a few steps, in
each of which the agent chooses one act or to finish."""

from __future__ import annotations

from wfcheck.checker.labels.state import Act
from wfcheck.checker.labels.table import MODEL, USER
from wfcheck.checker.symbolic.calls import outcome, result_taint
from wfcheck.checker.symbolic.operands import Values, as_arguments, numbered, operands
from wfcheck.checker.symbolic.state import Unroll, Walk
from wfcheck.checker.symbolic.taint import Mask, Taint, always, static, total, under, union
from wfcheck.checker.symbolic.types import conforms
from wfcheck.checker.symbolic.value import NONE, SymbolicValue
from wfcheck.dsl import core, types
from wfcheck.dsl.core import EventKind
from wfcheck.solver import build as b
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Term

MEDIATED = "complete-mediation"
BUDGETS = "step-budgets"
COUNTED, CHOICES = 2, 6
"""Up to so many steps of an agent with so many choices are taken one by one where all runs are covered."""
_KINDS: dict[str, EventKind] = {
    "say": "say", "ask": "ask", "send": "message", "remember": "remember", "recall": "recall",
}  # fmt: skip


def agent(walk: Walk, statement: core.Agent, guard: Term) -> Term:
    """A region in which an oracle picks any allowed act with any arguments."""
    guard, values, taints = operands(walk, numbered(statement.context), guard)
    name = f"{statement.id}.{walk.visit(statement.id)}"
    table = walk.labelling.table
    made = (table.bits[MODEL] | table.step_sources.get(statement.step, 0)) & walk.keep
    label = union(always(made), total(taints.values()), walk.pc)
    outer = walk.actors
    if statement.principal is not None:
        walk.actors = (*outer, statement.principal)
    walk.emit("step", statement, guard, values, taints, subject=statement.step)
    if isinstance(walk.mode, Unroll):
        guard, last, label = _steps(walk, statement, guard, name, label, values, walk.mode.steps)
    elif walk.certain and statement.maximum <= COUNTED and len(statement.may) <= CHOICES:
        guard, last, label = _few(walk, statement, guard, name, values)
    else:
        label = _representatives(walk, statement, guard, name, values)
        guard = last = b.and_(guard, walk.flag(f"{name}.end"))
    result = walk.oracle(statement.type, f"{name}.result", guard)
    walk.ensure(statement.ensures, guard, {("result", "result"): result})
    walk.ask("act", statement.id, guard, result, statement.type, "finish")
    thinks(walk, statement, last, values, label, result)
    walk.actors = outer
    walk.assign(statement.target, result, Taint(label))
    return guard


def thinks(
    walk: Walk,
    statement: core.Agent,
    guard: Term,
    values: Values,
    label: Mask,
    result: SymbolicValue | None = None,
) -> None:
    """Each step of an agent is one answer of its model, the last of which ends the region."""
    shown = {name: Taint(label) for name in values}
    walk.emit("llm", statement, guard, values, shown, subject=statement.step, result=result)


def _static(walk: Walk, statement: core.Agent, choice: int) -> Act | None:
    return walk.known.act(statement.id, choice)


def _every(walk: Walk) -> Mask:
    return always(walk.keep)


def _representatives(walk: Walk, statement: core.Agent, guard: Term, name: str, values: Values) -> Mask:
    sure = walk.certain
    whole = _static(walk, statement, 0)
    label = _every(walk) if whole is None else static(whole.result, walk.keep).every
    for certain in (False, True, False) if sure else (False,):
        walk.certain = certain and sure
        thinks(walk, statement, b.and_(guard, walk.flag(f"{name}.thinks")), values, label)
        for choice, may in enumerate(statement.may, 1):
            start = b.and_(guard, walk.flag(f"{name}.{choice}"))
            known = _static(walk, statement, choice)
            decision = _every(walk) if known is None else always(known.decision & walk.keep)
            _asks(walk, may, start, f"{name}.{choice}.asked")
            act(walk, statement, may, choice, start, f"{name}.{choice}", decision, known)
    walk.certain = sure
    return label


def _asks(walk: Walk, may: core.May, guard: Term, name: str) -> None:
    """The condition of a `may` has a value whatever the agent proposes."""
    if may.condition is None or not walk.certain:
        return
    tool = walk.program.tools.get(may.tool or "") if may.act == "tool" else None
    types_ = {"text": types.TEXT} if tool is None else {p.name: p.type for p in tool.parameters}
    values = {n: walk.arbitrary(t, f"{name}.{n}") for n, t in types_.items()}
    typed = b.and_(*(conforms(v, types_[n], walk.notes) for n, v in values.items()))
    walk.needs(may.condition, b.and_(guard, typed), walk.truth(may.condition, as_arguments(values)).defined)


def _few(
    walk: Walk, statement: core.Agent, guard: Term, name: str, values: Values
) -> tuple[Term, Term, Mask]:
    """One act after the other, and the representatives of all others should the agent make more steps than it may. When the region
    ends, when it does so after all its steps, and the label of its context."""
    more = walk.flag(f"{name}.more")
    walk.assume(BUDGETS, guard, b.not_(more))
    beyond, within = b.and_(guard, more), b.and_(guard, b.not_(more))
    label = _representatives(walk, statement, beyond, f"{name}.more", values)
    ends = [b.and_(beyond, walk.flag(f"{name}.end"))]
    for turn in range(statement.maximum):
        thinks(walk, statement, within, values, label)
        choice = walk.notes.fresh(f"{name}.choice", Sort.INT)
        most = b.integer(len(statement.may))
        walk.assume(MEDIATED, within, b.and_(b.le(b.ZERO, choice), b.le(choice, most)))
        ends.append(b.and_(within, b.eq(choice, b.ZERO)))
        for number, may in enumerate(statement.may, 1):
            known = _static(walk, statement, number)
            decision = _every(walk) if known is None else always(known.decision & walk.keep)
            picked = b.and_(within, b.eq(choice, b.integer(number)))
            _asks(walk, may, within, f"{name}.{turn}.{number}.asked")
            act(walk, statement, may, number, picked, f"{name}.{turn}.{number}", decision, known)
        within = b.and_(within, b.distinct(choice, b.ZERO))
    return b.or_(within, *ends), b.or_(within, ends[0]), label


def _steps(
    walk: Walk, statement: core.Agent, guard: Term, name: str, label: Mask, values: Values, most: int
) -> tuple[Term, Term, Mask]:
    """When the region ends, when it does so after all its steps, and the label of its context."""
    ends = []
    for turn in range(min(most, statement.maximum)):
        thinks(walk, statement, guard, values, label)
        choice = walk.notes.fresh(f"{name}.choice", Sort.INT)
        walk.assume(
            MEDIATED, guard, b.and_(b.le(b.ZERO, choice), b.le(choice, b.integer(len(statement.may))))
        )
        ends.append(b.and_(guard, b.eq(choice, b.ZERO)))
        seen = [label]
        for number, may in enumerate(statement.may, 1):
            picked = b.eq(choice, b.integer(number))
            learned = act(
                walk,
                statement,
                may,
                number,
                b.and_(guard, picked),
                f"{name}.{turn}.{number}",
                label,
                None,
                turn,
            )
            seen.append(under(picked, learned))
        guard, label = b.and_(guard, b.distinct(choice, b.ZERO)), union(*seen)
    return b.or_(guard, *ends), guard, label


def act(
    walk: Walk,
    statement: core.Agent,
    may: core.May,
    choice: int,
    guard: Term,
    name: str,
    decision: Mask,
    known: Act | None,
    turn: int | None = None,
) -> Mask:
    """One act; what it adds to the agent's context."""
    if may.act == "tool" and may.tool is not None:
        return _use(walk, statement, may, choice, guard, name, decision, known, turn)
    values: dict[str, SymbolicValue] = {"text": walk.oracle(types.TEXT, f"{name}.text", guard)}
    allowed = walk.truth(may.condition, as_arguments(values)).certain
    walk.assume(MEDIATED, guard, allowed)
    subject = USER if may.act in ("say", "ask") else may.tool
    reply = walk.oracle(types.TEXT, f"{name}.reply", guard) if may.act == "ask" else NONE
    walk.ask("act", statement.id, guard, values["text"], types.TEXT, (may, reply))
    taint = decision if known is None else union(decision, always(known.shown & walk.keep))
    walk.emit(
        _KINDS.get(may.act, "say"), statement, guard, {} if may.act == "recall" else values, {"text": Taint(taint)},
        subject=subject, decision=decision, choice=choice, turn=turn,
    )  # fmt: skip
    return _learned(walk, may, known)


def _learned(walk: Walk, may: core.May, known: Act | None) -> Mask:
    if known is not None:
        return static(known.result, walk.keep).every
    match may.act:
        case "ask":
            return always(walk.labelling.table.mask((USER,)) & walk.keep)
        case "recall":
            trees = [t for s, t in walk.labelling.stores.items() if may.tool in (None, s)]
            return union(*(static(t, walk.keep).every for t in trees))
        case _:
            return {}


def _use(
    walk: Walk,
    statement: core.Agent,
    may: core.May,
    choice: int,
    guard: Term,
    name: str,
    decision: Mask,
    known: Act | None,
    turn: int | None,
) -> Mask:
    assert may.tool is not None
    tool = walk.program.tools[may.tool]
    values = {p.name: walk.oracle(p.type, f"{name}.{p.name}", guard) for p in tool.parameters}
    taints = {p.name: Taint(decision) for p in tool.parameters}
    if known is not None:
        taints = {
            n: static(known.arguments[n], walk.keep) if n in known.arguments else t for n, t in taints.items()
        }
    walk.assume(MEDIATED, guard, walk.truth(may.condition, as_arguments(values)).certain)
    result, ok = outcome(walk, tool, values, f"{name}.result", guard)
    walk.ask("act", statement.id, guard, result, tool.result, (may, values, ok))
    walk.emit(
        "call", statement, guard, values, taints, subject=tool.symbol, tool=tool.symbol, result=result,
        returned=b.and_(guard, ok), decision=decision, choice=choice, turn=turn,
    )  # fmt: skip
    if tool.symbol in statement.hides:
        return {}
    if known is not None:
        return static(known.result, walk.keep).every
    return result_taint(walk, tool, values, result, taints, decision).every
