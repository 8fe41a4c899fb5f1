"""Rules that hold on all passing runs: what comes before what, what follows, what happens once.

Templates as in declarative process mining (van der Aalst, Pesic and Schonenberg, *Declarative workflows*, 2009)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, TypeAlias, assert_never

import attrs

from wfcheck.checker.mining.symbols import Word
from wfcheck.checker.traces.event import Json

Template: TypeAlias = Literal["before", "follows", "never-after", "once"]


@attrs.frozen(order=True)
class Candidate:
    """A rule over tools by their recorded names: `first` before `then` (with equal arguments of the names in `same`), `then` follows
    `first` before the end, `then` never after `first`, `then` once at most (`first` is empty)."""

    template: Template
    first: str
    then: str
    same: tuple[str, ...] = ()


@attrs.frozen
class Suggestion:
    """A rule that holds on all passing runs, on `runs` of them for a reason: something in them is judged by it. `broken`: how many
    failing runs break it."""

    rule: Candidate
    runs: int
    broken: int = 0


@attrs.frozen
class _Call:
    tool: str
    start: int
    back: int | None
    arguments: dict[str, Json] = attrs.field(eq=False)


def suggest(passing: Sequence[Word], failing: Sequence[Word], support: int) -> list[Suggestion]:
    """The rules that no passing run breaks and at least `support` of them are judged by; what others imply is left out. Those that
    most failing runs break come first."""
    good, bad = [_calls(word) for word in passing], [_calls(word) for word in failing]
    held = []
    for rule in sorted(_candidates(good)):
        found = [_judged(rule, run) for run in good]
        if False not in found and found.count(True) >= support:
            broken = sum(_judged(rule, run) is False for run in bad)
            held.append(Suggestion(rule, found.count(True), broken))
    kept = _without_implied(held)
    return sorted(kept, key=lambda s: (-s.broken, -s.runs, s.rule))


def _calls(word: Word) -> list[_Call]:
    """The calls of a run; the place where one returned, if it did. A host's denial is no call."""
    answers = {
        e.call: i for i, e in enumerate(word.trace.events) if e.kind == "result" and e.call is not None
    }
    calls = []
    for act in word.acts:
        if act.event.kind == "call" and act.event.tool:
            back = answers.get(act.event.call) if act.event.call is not None else None
            returned = act.index + 1 if act.symbol.outcome == "" and back is None else back
            calls.append(_Call(act.event.tool, act.index, returned, act.event.arguments))
    return calls


def _candidates(runs: Iterable[Sequence[_Call]]) -> set[Candidate]:
    """Every rule that some run could speak for."""
    found: set[Candidate] = set()
    for run in runs:
        tools = {call.tool for call in run}
        found |= {Candidate("once", "", tool) for tool in tools}
        pairs = [(a, b) for a in tools for b in tools if a != b]
        found |= {Candidate("never-after", a, b) for a, b in pairs} | {
            Candidate("follows", a, b) for a, b in pairs
        }
        found |= {Candidate("before", a, b) for a, b in pairs}
        found |= set(_same(run))
    return found


def _same(run: Sequence[_Call]) -> Iterator[Candidate]:
    for b in run:
        for a in run:
            if a.tool != b.tool and a.back is not None and a.back < b.start:
                shared = tuple(sorted(n for n in b.arguments if a.arguments.get(n, _Call) == b.arguments[n]))
                if shared:
                    yield Candidate("before", a.tool, b.tool, shared)


def _judged(rule: Candidate, run: Sequence[_Call]) -> bool | None:
    """Whether the run keeps the rule; None where nothing in it is judged."""
    firsts = [call for call in run if call.tool == rule.first]
    thens = [call for call in run if call.tool == rule.then]
    match rule.template:
        case "before":
            return all(_earlier(rule, firsts, b) for b in thens) if thens else None
        case "follows":
            done = [a for a in firsts if a.back is not None]
            return (
                all(any(b.back is not None and b.start > a.start for b in thens) for a in done)
                if done
                else None
            )
        case "never-after":
            if any(a.back is not None and a.back < b.start for a in firsts for b in thens):
                return False
            return True if firsts and thens else None
        case "once":
            return len(thens) <= 1 if thens else None
        case _:
            assert_never(rule.template)


def _earlier(rule: Candidate, firsts: Sequence[_Call], call: _Call) -> bool:
    return any(
        a.back is not None
        and a.back < call.start
        and all(n in a.arguments and a.arguments[n] == call.arguments.get(n) for n in rule.same)
        for a in firsts
    )


def _without_implied(held: Sequence[Suggestion]) -> list[Suggestion]:
    """Without the weaker ones: fewer equal arguments, an order that two others give, what an order forbids anyway."""
    rules = {suggestion.rule for suggestion in held}
    before = {(r.first, r.then) for r in rules if r.template == "before"}
    once = {r.then for r in rules if r.template == "once"}
    return [s for s in held if not _implied(s.rule, rules, before, once)]


def _implied(rule: Candidate, rules: set[Candidate], before: set[tuple[str, str]], once: set[str]) -> bool:
    match rule.template:
        case "before":
            stronger = any(
                r.template == "before"
                and (r.first, r.then) == (rule.first, rule.then)
                and set(r.same) > set(rule.same)
                for r in rules
            )
            return stronger or (not rule.same and _between(rule, before))
        case "never-after":
            return (rule.then, rule.first) in before and rule.then in once
        case "follows" | "once":
            return False
        case _:
            assert_never(rule.template)


def _between(rule: Candidate, before: set[tuple[str, str]]) -> bool:
    """Whether some third tool stands between: the two orders with it give this one."""
    middles = {b for a, b in before if a == rule.first and b != rule.then}
    return any((m, rule.then) in before for m in middles)
