"""Whether every run that some rules allow is allowed by another rule: by the forms of two rules, by single calls, by exhausting
the product of small automata; else a search for a run that they allow and it forbids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import attrs

from wfcheck.checker.monitor import Monitor, compile_rule
from wfcheck.checker.policy.calls import AnyCall, any_call
from wfcheck.checker.policy.effective import Powers, judged, may_call, powers
from wfcheck.checker.policy.patterns import Comparer, truth_of
from wfcheck.checker.policy.product import explore
from wfcheck.checker.policy.search import Judge, concrete_run, led, search
from wfcheck.checker.policy.subsume import Stated, stricter
from wfcheck.checker.result import Witness
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver.term import Term


@attrs.frozen
class Included:
    """Every run that the rules allow the other allows; `by`: what shows it."""

    by: str


@attrs.frozen
class Exceeds:
    """A run that all the rules allow and the other forbids, as the naive evaluator says."""

    witness: Witness


@attrs.frozen
class Undecided:
    """Neither was shown; one lower-case sentence."""

    reason: str


def _names_somebody(body: core.RuleBody) -> bool:
    return any(choice.by is not None for pattern in judged(body) for choice in pattern.choices)


Inclusion: TypeAlias = Included | Exceeds | Undecided


@attrs.frozen
class Question:
    """The rules of `program` against one rule of (perhaps) another. `by_name`: that rule names each tool that it is about."""

    program: core.Program
    rules: tuple[core.Rule, ...]
    other: Stated
    compare: Comparer
    by_name: bool = False

    @property
    def stated(self) -> list[Stated]:
        """The rules in their program, as far as proofs may use them."""
        return [Stated(self.program, rule) for rule in self.usable]

    @property
    def usable(self) -> tuple[core.Rule, ...]:
        """Grants also bind calls that others make on behalf of a principal: there, rules that name who acts prove nothing."""
        if not isinstance(self.other.rule.body, core.Allow):
            return self.rules
        return tuple(r for r in self.rules if isinstance(r.body, core.Allow) or not _names_somebody(r.body))


def included(question: Question) -> Inclusion:
    """The answer; never wrong, sometimes Undecided."""
    if (reason := _foreign(question)) is not None:
        return Undecided(reason)
    for strong in question.stated:
        if stricter(strong, question.other, question.compare):
            return Included(f"`{strong.rule.name}`")
    if _by_single_calls(question):
        return Included("the grants and bans together")
    judge = Judge(question.program, question.rules, question.other.program, question.other.rule)
    explored = explore(question.stated, question.other, question.program, question.compare.seconds)
    if explored.exhausted:
        return Included("the other rules together")
    for path in explored.paths:
        if (witness := concrete_run(path, judge)) is not None:
            return Exceeds(witness)
    alone = [(letter,) for letter in explored.letters if letter.moment == "attempt"]
    found = led(judge, (*explored.paths, *alone)) or search(judge, explored.letters)
    return Exceeds(found) if found is not None else Undecided(_reason(question, explored.reason))


def _reason(question: Question, why: str | None) -> str:
    name = question.other.rule.name
    return f"`{name}` could neither be shown to follow nor be broken by a run" + (f": {why}" if why else "")


def _foreign(question: Question) -> str | None:
    """A tool that only one side knows, or that takes other arguments there, makes runs that cannot be compared."""
    new, old = question.program, question.other.program
    if new is old:
        return None
    held = powers(new, question.rules)
    for tool in new.tools.values():
        there = old.tools.get(tool.symbol)
        if there is not None and _arguments(there) == _arguments(tool):
            continue
        if not _callable(question, held, tool):
            continue
        if there is not None:
            return f"`{tool.symbol}` takes other arguments there"
        if not _says_enough(question):
            return f"`{tool.symbol}` is not declared there, so nothing is known of what was said of it"
    return None


def _arguments(tool: core.Tool) -> list[tuple[object, ...]]:
    return [(p.name, p.type, p.optional) for p in tool.parameters]


def _callable(question: Question, held: Powers, tool: core.Tool) -> bool:
    for who in question.compare.everyone:
        call = any_call(question.program, tool, who)
        if not question.compare.refuted(b.and_(call.valid, may_call(held, call, who, over=True))):
            return True
    return False


def _says_enough(question: Question) -> bool:
    """The other rule is one of grants, which turns down every tool that it does not know, or speaks of tools by their names."""
    return question.by_name or isinstance(question.other.rule.body, core.Allow)


# ---------------------------------------------------------------- single calls


def _by_single_calls(question: Question) -> bool:
    """Grants and outright bans together allow no call that the other rule could turn down, whatever happened before."""
    body, other = question.other.rule.body, question.other
    if not isinstance(body, core.Allow | core.Forbid | core.Before | core.Limit):
        return False
    held = powers(question.program, question.usable)
    return all(question.compare.refuted(term) for term in _turned_down(question, held, other, body))


def _turned_down(
    question: Question, held: Powers, other: Stated, body: core.Allow | core.Forbid | core.Before | core.Limit
) -> Iterator[Term]:
    monitor = compile_rule(other.rule, other.program) if isinstance(body, core.Allow) else None
    choices = [choice for pattern in _judged(body) for choice in pattern.choices]
    plain = bool(choices) and all(choice.kind == "call" and choice.subjects for choice in choices)
    named = frozenset().union(*(choice.subjects for choice in choices))
    tools = [t for t in question.program.tools.values() if not plain or t.symbol in named]
    for tool in tools:
        for who in question.compare.everyone:
            call = any_call(question.program, tool, who)
            free = b.and_(call.valid, may_call(held, call, who, over=True))
            match body:
                case core.Allow():
                    yield b.and_(free, _ungranted(call, monitor, other, who))
                case core.Forbid(event=pattern, condition=when):
                    yield b.and_(free, truth_of(call, other.side(pattern, when), who))
                case core.Before(judged=pattern, condition=when):
                    yield b.and_(free, truth_of(call, other.side(pattern, when), who))
                case core.Limit(event=pattern, condition=when):
                    yield b.and_(free, truth_of(call, other.side(pattern, when), who))
    if not isinstance(body, core.Allow) and any(
        c.kind not in ("call", "emit") for p in _judged(body) for c in p.choices
    ):
        yield b.TRUE


def _judged(body: core.Allow | core.Forbid | core.Before | core.Limit) -> Sequence[core.EventPattern]:
    if isinstance(body, core.Allow):
        return ()
    return (body.judged,) if isinstance(body, core.Before) else (body.event,)


def _ungranted(call: AnyCall, monitor: object, other: Stated, who: str) -> Term:
    if not isinstance(monitor, Monitor) or who not in monitor.bound:
        return b.FALSE
    there = call.seen_by(other.program)
    groups = (monitor.unless, *monitor.also)
    return b.not_(b.and_(*(b.or_(*(there.covered(g, who).sure for g in group)) for group in groups)))
