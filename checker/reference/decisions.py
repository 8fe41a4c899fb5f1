"""What models, approvers and releases answer. The docstrings quote the label rules."""

from __future__ import annotations

from wfcheck.checker.reference import marks, sides
from wfcheck.checker.reference.calls import absent, sight, without_residues
from wfcheck.checker.reference.codec import encode
from wfcheck.checker.reference.machine import (
    At,
    Machine,
    arguments_in,
    everything,
    json_of,
    labels_of,
    text_of,
)
from wfcheck.checker.reference.oracle import tell
from wfcheck.checker.reference.values import (
    NOTHING,
    Label,
    joined,
    plain,
    raised,
    total,
)
from wfcheck.dsl import core
from wfcheck.dsl.source import Span


def llm(m: Machine, at: At, s: core.Llm) -> None:
    """x = llm n(ctx): {model} + all of ctx + pc, whatever the output type."""
    instance = m.instance(s.id)
    context = [m.value(expr) for expr in s.context]
    shown = joined(*context) | m.pc(at)
    sight(m, at.actor, shown, s.span)
    label = shown | {sides.MODEL} | m.marks.step(s.step)
    tell(m.oracle, tuple(map(plain, context)))
    said = m.oracle.llm(s.id, instance, s.type, m.admits(s.ensures, {}))
    value = m.answer(said, s.type, label)
    m.demand("assumption", s.ensures, {("result", "result"): value})
    m.emit(
        "llm",
        at,
        s.span,
        total(value),
        step=s.step,
        text=text_of(value),
        result=encode(plain(value)),
        argument_labels={"context": shown},
    )
    m.assign(at, s.target, value)


def approve(m: Machine, at: At, s: core.Approve) -> tuple[bool, Label]:
    """secrecy(c, shown) + secrecy(pc) <= clears(p); binds the call's tool and arguments by name. The second result is the
    label of the decision: pc + {p} + (influence(c, shown) - trusts(p)) + {via approve}."""
    pc = m.pc(at)
    arguments = {name: raised(m.value(expr), pc) for name, expr in s.arguments}
    shows = [m.value(expr) for expr in s.shows]
    shown = everything(arguments) | joined(*shows)
    sight(m, s.principal, shown | pc, s.span)
    approved = m.oracle.approve(s.id, m.instance(s.id))
    tool = None if s.tool is None else m.program.tools[s.tool]
    m.emit(
        "approve" if approved else "deny",
        at,
        s.span,
        shown | pc,
        actor=s.principal,
        tool=s.tool,
        args_requested=None if tool is None else json_of(absent(tool, arguments)),
        shows=[encode(plain(value)) for value in shows],
        decision="approved" if approved else "refused",
        valid_steps=s.within_steps if approved else None,
        valid_until=_until(m, s) if approved else None,
        argument_labels=labels_of(arguments if tool is None else absent(tool, arguments)),
    )
    return approved, m.control(at, approval_label(m, s.principal, shown))


def _until(m: Machine, s: core.Approve) -> str | None:
    moment = m.oracle.moment(m.first + len(m.events))
    return None if s.within_time is None or moment is None else (moment + s.within_time).isoformat()


def approval_label(m: Machine, principal: str, shown: Label) -> Label:
    """{p} + (influence(shown) - trusts(p)) + {via approve}; marks live on as marks of what was approved."""
    declared = m.program.principals.get(principal)
    trusted = (NOTHING if declared is None else declared.trusts) | {principal}
    steered = sides.influence(m.program, shown) - trusted
    marked = {marks.released(tag, sides.APPROVAL) for tag in shown if tag.startswith(sides.MARK)}
    return frozenset({principal, sides.APPROVAL} | steered | marked)


def release(m: Machine, at: At, s: core.ReleaseCall) -> None:
    """release d(x): (G(x) minus removes) + {via d} + pc. By p: robust, if it removes secrecy: influence of (pc, x, guard) <=
    trusts(p); transparent, if it removes influence: secrecy of what is shown <= clears(p), and x is shown."""
    declared, residue = m.program.releases[s.release], f"via {s.release}"
    arguments = {name: m.value(expr) for name, expr in s.arguments}
    given = everything(arguments)
    names = arguments_in(arguments)
    if m.holds(declared.condition, names) is not True:
        m.breach("builtin.requires", s.release, s.span)
    if declared.by is not None:
        _release_by(m, declared, declared.by, given | m.pc(at), given, s.span)
    marked = {marks.released(tag, residue) for tag in given if tag.startswith(sides.MARK)}
    kept = frozenset(tag for tag in given if not tag.startswith(sides.MARK)) - declared.removes
    label = kept | {residue} | marked | m.pc(at)
    value = m.answer(m.oracle.release(s.id, m.instance(s.id), declared.result), declared.result, label)
    m.emit(
        "release",
        at,
        s.span,
        label,
        actor=declared.by or at.actor,
        step=s.release,
        args_requested=json_of(arguments),
        result=encode(plain(value)),
        argument_labels={name: total(raised(v, m.pc(at))) for name, v in arguments.items()},
    )
    m.assign(at, s.target, value)


def _release_by(
    m: Machine, declared: core.Release, by: str, decided: Label, shown: Label, span: Span
) -> None:
    principal = m.program.principals.get(by)
    trusted = (NOTHING if principal is None else principal.trusts) | {by}
    steering = sides.influence(m.program, without_residues(m, decided))
    if sides.secrecy(m.program, declared.removes) and not steering <= trusted:
        m.breach("builtin.robust", declared.symbol, span)
    if principal is None or principal.clears is None or not sides.influence(m.program, declared.removes):
        return
    if not sides.secrecy(m.program, without_residues(m, shown)) <= principal.clears:
        m.breach("builtin.transparent", declared.symbol, span)
