"""Messages and stores, one function per statement. The docstrings quote the label rules."""

from __future__ import annotations

from typing import Any

from wfcheck.checker.reference import sides
from wfcheck.checker.reference.calls import sight, without_residues
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.machine import (
    At,
    Machine,
    text_of,
)
from wfcheck.checker.reference.minimal import conforms
from wfcheck.checker.reference.trampoline import PAUSE, Computation
from wfcheck.checker.reference.values import (
    NOTHING,
    Items,
    Label,
    Labelled,
    Record,
    build,
    plain,
    raised,
    total,
)
from wfcheck.dsl import core
from wfcheck.dsl.core import Value
from wfcheck.dsl.source import Span

# ---------------------------------------------------------------- people


def say(m: Machine, at: At, s: core.Say) -> None:
    """say e: as send to user."""
    tell(m, at, m.value(s.value), "say", sides.USER, s.span)


def ask(m: Machine, at: At, s: core.Ask) -> Computation[None]:
    """ask: as send to the principal; the answer has {user} (whoever answers) + pc."""
    instance = m.instance(s.id)
    tell(m, at, m.value(s.value), "ask", s.principal, s.span)
    yield PAUSE
    label = m.pc(at) | {s.principal}
    answer = m.answer(m.oracle.ask(s.id, instance, s.type), s.type, label)
    heard(m, at, answer, s.principal, s.step, s.span)
    m.assign(at, s.target, answer)


def send(m: Machine, at: At, s: core.Send) -> None:
    """send e to p: G(e) + pc <= clears(p); inbox(p), a store that starts empty, grows by it."""
    values = [m.value(expr) for expr in s.values]
    whole = values[0] if len(values) == 1 else Items(tuple(values), NOTHING)
    tell(m, at, whole, "message", s.principal, s.span)
    m.memory.inbox(s.principal).pending.append((at.actor, plain(whole)))


def tell(
    m: Machine,
    at: At,
    value: Labelled,
    kind: str,
    principal: str,
    span: Span,
    decision: Label | None = None,
) -> None:
    """The event that shows a value to a principal, and what it does to the principal's inbox."""
    label = total(value) | m.pc(at)
    sight(m, principal, label, span)
    m.memory.inbox(principal).label |= label
    decided = NOTHING if m.explicit else m.pc(at) if decision is None else decision
    shown = {"to": principal, "text": text_of(value), "result": encode(plain(value))}
    m.emit(kind, at, span, label, decision_label=decided, **shown)


def heard(m: Machine, at: At, value: Labelled, principal: str | None, step: str | None, span: Span) -> None:
    """The input event of a value that came from a principal."""
    m.emit(
        "input",
        at,
        span,
        total(value),
        actor=principal,
        to=at.actor,
        step=step,
        text=text_of(value),
        result=encode(plain(value)),
    )


def receive(m: Machine, at: At, s: core.Receive) -> None:
    """receive: label(inbox) + pc."""
    inbox = m.memory.inbox(at.actor)
    waiting = tuple((who, value) for who, value in inbox.pending if s.principal in (None, who))
    value = m.oracle.receive(s.id, m.instance(s.id), s.type, tuple(v for _, v in waiting))
    taken = next(((who, v) for who, v in waiting if v == value), None)
    if taken is not None:
        inbox.pending.remove(taken)
    answer = m.answer(value, s.type, inbox.label | m.pc(at))
    heard(m, at, answer, s.principal or (taken[0] if taken else None), s.step, s.span)
    m.assign(at, s.target, answer)


# ---------------------------------------------------------------- stores


def remember(m: Machine, at: At, s: core.Remember) -> None:
    """remember: label(store) grows by e + pc; a partition counts alone only under a literal key."""
    value, key = m.value(s.value), None if s.key is None else m.value(s.key)
    label = total(value) | m.pc(at) | (NOTHING if key is None else total(key))
    at_key = None if key is None else plain(key)
    store = m.ensure(s.store)
    store.grow(label, at_key, isinstance(s.key, core.Literal))
    store.write(plain(value), at_key, s.key is not None)
    m.emit("remember", at, s.span, label, store=s.store, result=encode(plain(value)), **_keyed(at_key, s.key))


def recall(m: Machine, at: At, s: core.Recall) -> None:
    """recall: label(store) + G(where) + pc."""
    store, key = m.ensure(s.store), None if s.key is None else m.value(s.key)
    at_key = None if key is None else plain(key)
    label = store.read_label(at_key, isinstance(s.key, core.Literal)) | m.pc(at) | m.marks.store(s.store)
    label |= NOTHING if key is None else total(key)
    found = build(store.read(at_key, s.key is not None), label)
    if s.condition is not None:
        found = _where(m, found, s.condition, label)
    m.emit(
        "recall",
        at,
        s.span,
        total(found),
        store=s.store,
        result=encode(plain(found)),
        **_keyed(at_key, s.key),
    )
    m.assign(at, s.target, found)


def _where(m: Machine, found: Labelled, condition: core.Expr, label: Label) -> Labelled:
    pool = (
        tuple(found.fields.values())
        if isinstance(found, Record)
        else found.items
        if isinstance(found, Items)
        else ()
    )
    kept = []
    for item in pool:
        verdict = m.value_of(condition, {("it", "it"): item})
        label |= total(verdict)
        if plain(verdict) is True:
            kept.append(item)
    return raised(Items(tuple(kept), label), label)


def _keyed(at_key: Value, key: core.Expr | None) -> dict[str, Any]:
    return {} if key is None else {"args_requested": {"key": encode(at_key)}}


def bind_parameters(m: Machine, at: At, s: core.Scope) -> None:
    """The arguments of an inlined workflow; `from {..}` is an obligation, `requires` too."""
    declared = m.program.workflows.get(s.workflow)
    names = [name for name, _ in s.parameters] if declared is None else [p.name for p in declared.parameters]
    arguments = [(local, m.value(expr)) for local, expr in s.parameters]
    for (local, value), name in zip(arguments, names, strict=True):
        m.assign(at, local, m.marks.parameter(s.workflow, name, value))
    for (_, value), parameter in zip(
        arguments, () if declared is None else declared.parameters, strict=False
    ):
        if not conforms(plain(value), parameter.type):
            m.breach("builtin.requires", f"{s.workflow}.{parameter.name}", s.span)
    sources = dict(s.sources)
    for name, _ in s.parameters:
        allowed = sources.get(name)
        if allowed is not None and not without_residues(m, total(m.env[name])) <= allowed:
            m.breach("builtin.accepts", f"{s.workflow}.{name}", s.span)
    m.demand("builtin.requires", s.requires, {})
