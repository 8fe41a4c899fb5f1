"""Control flow, one function per statement. `block` and `statement` are handed around as the way back in."""

from __future__ import annotations

from typing import assert_never

import attrs

from wfcheck.checker.reference import acts, agent, calls, decisions
from wfcheck.checker.reference.machine import (
    AbnormalError,
    At,
    Cell,
    Machine,
    NotARunError,
    ReturnError,
    StopRunError,
    ToolFailureError,
)
from wfcheck.checker.reference.syntactic import effects
from wfcheck.checker.reference.trampoline import PAUSE, Computation, Task, wait
from wfcheck.checker.reference.values import NOTHING, Atom, Items, Label, Labelled, build, raised, total
from wfcheck.dsl import core
from wfcheck.dsl.values.operators import EvaluationError

_LEAVING = (StopRunError, ReturnError, ToolFailureError)


def block(m: Machine, at: At, statements: core.Block) -> Computation[None]:
    """One after the other. What an early exit keeps from running gets the exit's pc, where it would have written."""
    for position, each in enumerate(statements):
        m.spend()
        yield PAUSE
        try:
            yield from wait(statement(m, at, each))
        except EvaluationError as error:
            m.undefined(str(error), each.span)
            raise
        except _LEAVING as exit_:
            _left(m, at, exit_, statements[position + 1 :])
            raise


def _left(m: Machine, at: At, reason: Exception, *blocks: core.Block) -> None:
    """Blocks that an early exit kept from running. A failure that nothing handles is the progress channel."""
    if at.retry is not None or not isinstance(reason, ToolFailureError):
        m.untaken(m.pc(at), *blocks)


def statement(m: Machine, at: At, s: core.Statement) -> Computation[None]:  # noqa: C901 - one arm per kind
    """Run one statement."""
    match s:
        case core.Let(target=target, value=value):
            m.assign(at, target, m.value(value))
        case core.Call():
            yield from wait(calls.call(m, at, s))
        case core.Llm():
            decisions.llm(m, at, s)
        case core.If():
            yield from wait(_if(m, at, s))
        case core.For():
            yield from wait(_for(m, at, s))
        case core.While():
            yield from wait(_while(m, at, s))
        case core.Parallel():
            yield from wait(_parallel(m, at, s))
        case core.Agent():
            yield from wait(agent.region(m, at, s))
        case core.Approve():
            yield from wait(_approve(m, at, s))
        case core.Scope():
            yield from wait(_scope(m, at, s))
        case core.Retry():
            yield from wait(_retry(m, at, s))
        case core.ReleaseCall():
            decisions.release(m, at, s)
        case core.Say():
            acts.say(m, at, s)
        case core.Ask():
            yield from wait(acts.ask(m, at, s))
        case core.Send():
            acts.send(m, at, s)
        case core.Receive():
            acts.receive(m, at, s)
        case core.Remember():
            acts.remember(m, at, s)
        case core.Recall():
            acts.recall(m, at, s)
        case core.Stop(reason=reason):
            raise StopRunError(reason)
        case core.Return(value=value):
            raise ReturnError(build(None) if value is None else raised(m.value(value), m.pc(at)))
        case _:
            assert_never(s)


def _condition(m: Machine, expr: core.Expr) -> tuple[bool, Label]:
    value = m.value(expr)
    if not isinstance(value, Atom) or not isinstance(value.value, bool):
        raise EvaluationError("a condition is neither true nor false")
    return value.value, total(value)


def _if(m: Machine, at: At, s: core.If) -> Computation[None]:
    """if / match: branch under pc + G(cond); afterwards the join of both arms, each under the raised pc - the arm not taken
    counts. The arm not taken is labelled first: inside the other arm all is under the same pc, so nobody can tell."""
    taken, label = _condition(m, s.condition)
    label = m.control(at, label)
    m.leave_open(at, label, s.then, s.otherwise)
    m.untaken(label, s.otherwise if taken else s.then)
    yield from wait(block(m, at.under(label), s.then if taken else s.otherwise))


def _for(m: Machine, at: At, s: core.For) -> Computation[None]:
    """for x in xs: body under pc + label of the list itself (its length, not its elements), joined with zero iterations.
    A longer list than `max` ends the run abnormally when the next iteration would start."""
    source = m.value(s.source)
    if not isinstance(source, Items):
        raise EvaluationError("a list is wanted")
    label = m.control(at, source.label)
    m.leave_open(at, label, s.body)
    m.untaken(label, s.body)
    for count, item in enumerate(source.items):
        m.spend()
        if s.maximum is not None and count >= s.maximum:
            raise AbnormalError(f"the loop would run more than {s.maximum} times")
        m.assign(at.under(label), s.item, item)
        yield from wait(_body(m, at.under(label), s.body))


def _while(m: Machine, at: At, s: core.While) -> Computation[None]:
    """repeat: under pc + G(cond), least fixpoint: every condition evaluated so far decides what comes."""
    seen: Label = NOTHING
    count = 0
    while True:
        m.spend()
        m.demand("builtin.invariant", s.invariants, {})
        again, label = _condition(m, s.condition)
        seen |= m.control(at, label)
        m.leave_open(at, seen, s.body)
        m.untaken(seen, s.body)
        if not again:
            return
        if s.maximum is not None and count >= s.maximum:
            raise AbnormalError(f"the loop would run more than {s.maximum} times")
        count += 1
        yield from wait(_body(m, at.under(seen), s.body))


def _body(m: Machine, at: At, statements: core.Block) -> Computation[None]:
    """A loop's body; leaving it keeps later iterations from running."""
    try:
        yield from wait(block(m, at, statements))
    except _LEAVING as exit_:
        _left(m, at, exit_, statements)
        raise


def _parallel(m: Machine, at: At, s: core.Parallel) -> Computation[None]:
    """parallel: no branch reads or writes what another writes; for rules, events interleave in every order: the oracle
    chooses whose turn it is. Leaving one branch ends the others."""
    instance = m.instance(s.id)
    tasks = [Task(block(m, at, branch)) for branch in s.branches]
    step = 0
    while live := tuple(index for index, task in enumerate(tasks) if not task.done):
        chosen = m.oracle.schedule(s.id, instance, step, live)
        if chosen not in live:
            raise NotARunError(f"branch {chosen} cannot run")
        step += 1
        yield PAUSE
        try:
            tasks[chosen].advance()
        except _LEAVING as exit_:
            _left(m, at, exit_, *(s.branches[index] for index in live if index != chosen))
            raise


def _approve(m: Machine, at: At, s: core.Approve) -> Computation[None]:
    """approve c by p: afterwards, and in `else`, pc + {p} + (influence(c, shown) - trusts(p)) + {via approve}. Without `else`,
    or if `else` stops, this holds for everything after; an `else` that rejoins confines it to the two arms, as for `if`."""
    approved, label = decisions.approve(m, at, s)
    if s.otherwise is None:
        m.stopped |= label
        if not approved:
            raise StopRunError("refused")
        return
    m.leave_open(at, label, s.otherwise)
    if approved:
        m.untaken(label, s.otherwise)
    else:
        yield from wait(block(m, at.under(label), s.otherwise))


def _scope(m: Machine, at: At, s: core.Scope) -> Computation[None]:
    """x = w(args): inlined; its events belong to w's principal if it names one; a parameter's `from {..}` is an obligation on
    the argument. Locals are renamed apart, so one environment serves; a return inside reaches no further."""
    parent = at.parent
    if s.principal is not None:
        parent = m.emit("step", at, s.span, NOTHING, step=s.step).id
    inner = attrs.evolve(at, pc=m.pc(at), scope=Cell(), actor=s.principal or at.actor, parent=parent)
    acts.bind_parameters(m, at, s)
    result = build(None)
    try:
        yield from wait(block(m, inner, s.body))
    except ReturnError as returned:
        result = returned.value
    result = raised(result, m.pc(inner))
    m.demand("builtin.ensures", s.ensures, {("result", "result"): result})
    m.assign(at, s.target, result)


def _retry(m: Machine, at: At, s: core.Retry) -> Computation[None]:
    """retry n {b} on error {h}: b from its second attempt, and h, under pc + labels of all arguments and results of calls in
    b; where both rejoin, what either assigned carries that label; if h stops or returns, everything after does. A failed
    attempt's bindings are undone, its effects are not. Within an attempt, too, what follows a call that may have failed is
    under its labels, as far as the run goes on after a failure."""
    goes_on = s.attempts > 1 or s.handler is not None
    cell = Cell() if goes_on else at.retry
    inner = attrs.evolve(at, pc=m.pc(at), retry=cell)
    handler = s.handler or ()
    bindings = effects(m.program, s.body).variables
    try:
        for attempt in range(1, s.attempts + 1):
            before = {name: m.env[name] for name in bindings & m.env.keys()}
            try:
                yield from wait(block(m, inner, s.body))
                return
            except ToolFailureError:
                _undo(m, bindings, before)
                if attempt == s.attempts and s.handler is None:
                    raise
        m.leave_open(at, m.pc(inner), s.body, handler)
        yield from wait(block(m, at.under(m.pc(inner)), handler))
    finally:
        if cell is not None and not m.explicit:
            label = m.pc(inner)
            m.leave_open(at, label, (s,))
            m.rejoin(label, s.body)
            m.untaken(label, handler, *((s.body,) if s.attempts > 1 else ()))


def _undo(m: Machine, bindings: frozenset[str], before: dict[str, Labelled]) -> None:
    for name in bindings:
        m.env.pop(name, None)
    m.env.update(before)
