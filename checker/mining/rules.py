"""Rules that hold on all passing runs: what comes before what, what follows, what happens once.

Templates as in declarative process mining (van der Aalst, Pesic and Schonenberg, *Declarative workflows*, 2009)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias, assert_never

import attrs

from wfcheck.checker.mining.symbols import Word
from wfcheck.checker.traces.event import Json

Template: TypeAlias = Literal["before", "follows", "never-after", "once"]


@attrs.frozen(order=True)
class Candidate:
    """A rule over tools by their recorded names: `first` before `then` (with equal arguments of the names in `same`, or again after
    each `since`), `then` follows `first` before the end, `then` never after `first`, `then` once at most (`first` is empty)."""

    template: Template
    first: str
    then: str
    same: tuple[str, ...] = ()
    since: str = ""


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


def _candidates(runs: Sequence[Sequence[_Call]]) -> set[Candidate]:
    """Every rule that some run speaks for, without those that some run is plainly against."""
    found: set[Candidate] = set()
    before: dict[str, set[str]] = {}
    follows: dict[str, set[str]] = {}
    after: set[tuple[str, str]] = set()
    together: set[tuple[str, str]] = set()
    for run in runs:
        seen = _Seen.of(run)
        found |= {Candidate("once", "", tool) for tool in seen.started}
        for tool, place in seen.started.items():
            earlier = {a for a, back in seen.returned.items() if back < place} - {tool}
            before[tool] = before.get(tool, earlier) & earlier
            after |= {(a, tool) for a, back in seen.returned.items() if back < seen.last[tool]}
        for tool, place in seen.done.items():
            later = {b for b, start in seen.done.items() if start > place}
            follows[tool] = follows.get(tool, later) & later
        together |= {(a, b) for a in seen.done for b in seen.started if a != b}
    orders = {(a, b) for b, some in before.items() for a in some}
    found |= {Candidate("before", a, b) for a, b in orders}
    found |= {Candidate("follows", a, b) for a, some in follows.items() for b in some}
    found |= {Candidate("never-after", a, b) for a, b in together - after}
    return found | {c for run in runs for c in (*_same(run, orders), *_renewed(run, orders))}


@attrs.frozen
class _Seen:
    """Where each tool of a run starts first and last, returned first, and where the last of its calls that returned starts."""

    started: dict[str, int]
    last: dict[str, int]
    returned: dict[str, int]
    done: dict[str, int]

    @classmethod
    def of(cls, run: Sequence[_Call]) -> _Seen:
        """Of one run."""
        seen = cls({}, {}, {}, {})
        for call in run:
            seen.started.setdefault(call.tool, call.start)
            seen.last[call.tool] = call.start
            if call.back is not None:
                seen.returned[call.tool] = min(call.back, seen.returned.get(call.tool, call.back))
                seen.done[call.tool] = call.start
        return seen


def _renewed(run: Sequence[_Call], orders: set[tuple[str, str]]) -> Iterator[Candidate]:
    """What may stand between one call of `first` and the next of `then`, for tools that always are in this order."""
    places: dict[str, list[int]] = {}
    for call in run:
        places.setdefault(call.tool, []).append(call.start)
    for first, then in orders & {(a, b) for a in places for b in places}:
        for since in places.keys() - {first, then}:
            again = max((place for place in places[first] if place < places[then][-1]), default=-1)
            if any(places[first][0] < place < again for place in places[since]):
                yield Candidate("before", first, then, (), since)


def _same(run: Sequence[_Call], orders: set[tuple[str, str]]) -> Iterator[Candidate]:
    for b in run:
        for a in run:
            if (a.tool, b.tool) in orders and a.back is not None and a.back < b.start:
                shared = tuple(sorted(n for n in b.arguments if a.arguments.get(n, _Call) == b.arguments[n]))
                if shared:
                    yield Candidate("before", a.tool, b.tool, shared)


def _judged(rule: Candidate, run: Sequence[_Call]) -> bool | None:
    """Whether the run keeps the rule; None where nothing in it is judged."""
    firsts = [call for call in run if call.tool == rule.first]
    thens = [call for call in run if call.tool == rule.then]
    match rule.template:
        case "before":
            return _preceded(rule, firsts, thens, [call for call in run if call.tool == rule.since])
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
            return True if thens and any(a.back is not None for a in firsts) else None
        case "once":
            return len(thens) <= 1 if thens else None
        case _:
            assert_never(rule.template)


def _preceded(
    rule: Candidate, firsts: Sequence[_Call], thens: Sequence[_Call], renewing: Sequence[_Call]
) -> bool | None:
    """Judged are the calls before which something renews the need, where something does."""
    if not thens:
        return None
    ends = [r.back for r in renewing if r.back is not None]
    lasts = [max((end for end in ends if end < call.start), default=-1) for call in thens]
    if not all(_earlier(rule, firsts, call, last) for call, last in zip(thens, lasts, strict=True)):
        return False
    return None if rule.since and max(lasts) < 0 else True


def _earlier(rule: Candidate, firsts: Sequence[_Call], call: _Call, last: int) -> bool:
    return any(
        a.back is not None
        and last < a.start
        and a.back < call.start
        and all(n in a.arguments and a.arguments[n] == call.arguments.get(n) for n in rule.same)
        for a in firsts
    )


def _without_implied(held: Sequence[Suggestion]) -> list[Suggestion]:
    """Without what others say already: the same order with fewer equal arguments or without `since`, an order that two others give,
    what an order and a limit leave no room for."""
    known = _Known([suggestion.rule for suggestion in held])
    return [suggestion for suggestion in held if not known.implies(suggestion.rule)]


class _Known:
    """Rules that hold, by what they are about."""

    def __init__(self, rules: Sequence[Candidate]) -> None:
        self.orders = [r for r in rules if r.template == "before"]
        self.before = {(r.first, r.then) for r in self.orders}
        self.follows = {(r.first, r.then) for r in rules if r.template == "follows"}
        self.never = {(r.first, r.then) for r in rules if r.template == "never-after"}
        self.once = {r.then for r in rules if r.template == "once"}

    def implies(self, rule: Candidate) -> bool:
        """Whether the other rules say this one already."""
        pair = rule.first, rule.then
        match rule.template:
            case "before":
                return self._ordered(rule) or (
                    not rule.same and not rule.since and between(pair, self.before)
                )
            case "follows":
                return between(pair, self.follows)
            case "never-after":
                return self._never(*pair)
            case "once":
                return False
            case _:
                assert_never(rule.template)

    def _ordered(self, rule: Candidate) -> bool:
        return not rule.since and any(
            (r.first, r.then) == (rule.first, rule.then)
            and (set(r.same) > set(rule.same) or (r.since and set(r.same) >= set(rule.same)))
            for r in self.orders
        )

    def _never(self, first: str, then: str) -> bool:
        if then in self.once and (then, first) in self.before:
            return True
        if first in self.once and (then, first) in self.follows:
            return True
        return any(
            (earlier, then) in self.never
            for earlier, later in self.before
            if later == first and earlier != then
        )


def between(pair: tuple[str, str], known: set[tuple[str, str]]) -> bool:
    """Whether some third tool stands between: the two pairs with it give this one."""
    middles = {b for a, b in known if a == pair[0] and b != pair[1]}
    return any((middle, pair[1]) in known for middle in middles)
