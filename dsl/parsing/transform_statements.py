"""Builders of statements, keyed by the rules of the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wfcheck.dsl import syntax as s
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.parsing.literals import Note
from wfcheck.dsl.parsing.transform_terms import only, several
from wfcheck.dsl.source import Span


def block(*statements: s.Statement, span: Span) -> s.Block:
    """`{ statements }`"""
    return s.Block(statements, span=span)


def bare_return(*, span: Span) -> s.ReturnStatement:
    """`return` at the end of a block."""
    return s.ReturnStatement(None, span=span)


def contract(condition: s.Expr, *, span: Span) -> s.Contract:
    """A condition without a name."""
    return s.Contract(None, condition, span=span)


def call_statement(function: s.Expr, arguments: tuple[s.Argument, ...], *, span: Span) -> s.CallStatement:
    """`tool(arguments)`"""
    return s.CallStatement(s.Apply(function, arguments, span=span), span=span)


def send_call(
    note: Note, function: s.Expr, arguments: tuple[s.Argument, ...], to: s.Ident, *, span: Span
) -> s.SendStatement:
    """`send (value) to p`: the word before `(` was read as a name."""
    if not (isinstance(function, s.Name) and function.text == "send"):
        help_ = "only `send` takes `to`: `send value to principal`"
        note(Diagnostic("WF101", "unexpected `to`", function.span, help=help_))
    return s.SendStatement(tuple(a.value for a in arguments), to, span=span)


def llm(
    target: s.Ident | None,
    name: s.Ident,
    context: tuple[s.Argument, ...],
    type_: s.TypeExpr | None,
    *ensures: s.Contract,
    span: Span,
) -> s.LlmStatement:
    """`[x =] llm name(context) [-> T] [ensures c]...`"""
    return s.LlmStatement(target, name, context, type_, ensures, span=span)


def agent(
    target: s.Ident | None,
    name: s.Ident,
    context: tuple[s.Argument, ...],
    principal: s.Ident | None,
    may: tuple[s.MayItem, ...],
    hides: tuple[s.Expr, ...] | None,
    steps: s.Expr,
    type_: s.TypeExpr | None,
    *ensures: s.Contract,
    span: Span,
) -> s.AgentStatement:
    """`[x =] agent name(context) [as p] may {..} [hides {..}] max n steps [-> T] [ensures c]...`"""
    return s.AgentStatement(
        target, name, context, principal, may, hides or (), steps, type_, ensures, span=span
    )


def if_statement(condition: s.Expr, then: s.Block, *rest: object, span: Span) -> s.IfStatement:
    """`if c {} else if c {} else {}`"""
    arms: list[tuple[s.Expr, s.Block]] = [(condition, then)]
    arms += [arm for arm in rest if isinstance(arm, tuple)]
    last = rest[-1]
    return s.IfStatement(tuple(arms), last if isinstance(last, s.Block) else None, span=span)


def match(subject: s.Expr, *cases: s.Case, span: Span) -> s.MatchStatement:
    """`match e { case p {} ... }`"""
    return s.MatchStatement(subject, cases, span=span)


def case(*parts: s.CasePattern | s.Block, span: Span) -> s.Case:
    """`case p1, p2 {}`"""
    body = parts[-1]
    assert isinstance(body, s.Block)
    return s.Case(tuple(p for p in parts if isinstance(p, s.CasePattern)), body, span=span)


def repeat(
    maximum: s.Expr | None,
    condition: s.Expr,
    invariants: tuple[s.Contract, ...],
    body: s.Block,
    *,
    span: Span,
) -> s.RepeatStatement:
    """`repeat [max n] while c [invariant c]... {}`"""
    return s.RepeatStatement(maximum, condition, invariants, body, span=span)


def parallel(*branches: s.Block, span: Span) -> s.ParallelStatement:
    """`parallel { branch {} ... }`"""
    return s.ParallelStatement(branches, span=span)


def approve(
    call: s.Apply | None,
    principal: s.Ident,
    shows: tuple[s.Expr, ...] | None,
    within: s.Within | None,
    otherwise: s.Block | None,
    *,
    span: Span,
) -> s.ApproveStatement:
    """`approve [call] by p [shows e, ...] [within ..] [else {}]`"""
    return s.ApproveStatement(call, principal, shows or (), within, otherwise, span=span)


def within_steps(steps: s.Expr, *, span: Span) -> s.Within:
    """`within n steps`"""
    return s.Within(steps, None, span=span)


def within_duration(duration: s.Expr, *, span: Span) -> s.Within:
    """`within 24h`"""
    return s.Within(None, duration, span=span)


BUILDERS: Mapping[str, Callable[..., object]] = {
    "block": block,
    "bare_return": bare_return,
    "contract": contract,
    "named_contract": s.Contract,
    "target": only,
    "call": s.Apply,
    "assign": s.Assign,
    "call_statement": call_statement,
    "llm": llm,
    "agent": agent,
    "may": several,
    "may_item": s.MayItem,
    "hides": several,
    "ensured": only,
    "ask": s.AskStatement,
    "receive": s.ReceiveStatement,
    "recall": s.RecallStatement,
    "if_statement": if_statement,
    "elif": several,
    "match": match,
    "case": case,
    "case_pattern": s.CasePattern,
    "for_statement": s.ForStatement,
    "repeat": repeat,
    "invariants": several,
    "invariant": only,
    "parallel": parallel,
    "branch": only,
    "approve": approve,
    "shows": several,
    "within_steps": within_steps,
    "within_duration": within_duration,
    "retry": s.RetryStatement,
    "say": s.SayStatement,
    "send": s.SendStatement,
    "remember": s.RememberStatement,
    "stop": s.StopStatement,
    "return_value": s.ReturnStatement,
}

CHECKED: Mapping[str, Callable[..., object]] = {"send_call": send_call}
