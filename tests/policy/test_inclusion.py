"""Whether some rules imply another: the verdict against all runs over a small alphabet, judged by the naive evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wfcheck.checker.policy.inclusion import Exceeds, Included, Inclusion, Question, Undecided, included
from wfcheck.checker.policy.patterns import Comparer
from wfcheck.checker.policy.subsume import Stated
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.diagnostic import Severity
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

HEAD = """
principal bot is agent
principal boss is human
tool a(n: int) -> text { effect read  emits nothing  returns {} }
tool b(n: int) -> text { effect read  emits nothing  returns {} }
policy p {
"""
LENGTH = 3


def program(folder: Path, rules: Sequence[str]) -> core.Program:
    path = folder / "spec.wf"
    path.write_text(HEAD + "\n".join(rules) + "\n}\n", encoding="utf-8")
    made, diagnostics = elaborate.load([path], library=load)
    assert not [d for d in diagnostics if d.severity is Severity.ERROR], [d.message for d in diagnostics]
    return made


def answer(made: core.Program, other: str) -> Inclusion:
    target = next(r for r in made.rules if r.name == f"p.{other}")
    rules = tuple(r for r in made.rules if r is not target)
    return included(Question(made, rules, Stated(made, target), Comparer(made, 5.0)))


def attempts() -> Iterator[tuple[Event, ...]]:
    """Each move of the alphabet: an attempt that never returns, a call with its result, a failure; and approvals."""
    for tool, number, who in product("ab", (0, 5), ("bot", "boss")):
        call = Event(kind="call", seq=0, tool=tool, actor=who, args_executed={"n": number})
        yield (call,)
        yield call, Event(kind="result", seq=0, tool=tool, result="")
        yield call, Event(kind="fail", seq=0, tool=tool, error="failed")


MOVES = (*attempts(), (Event(kind="end", seq=0),), (Event(kind="reset", seq=0, text="another run"),))


def numbered(events: Sequence[Event]) -> tuple[Event, ...]:
    import msgspec

    """Calls joined with their ends; after "another run" the session goes on in its next run."""
    made, opened, run = [], "", 1
    for number, event in enumerate(events):
        run += event.text == "another run"
        opened = f"c{number}" if event.kind == "call" else opened
        call = opened if event.kind in ("call", "result", "fail") else None
        made.append(msgspec.structs.replace(event, seq=number, session="s", run=f"r{run}", call=call))
    return tuple(made)


def exceeding(made: core.Program, other: str) -> tuple[Event, ...] | None:
    """A run that all other rules allow and this one forbids, by enumeration. What follows a turned down call is not tried."""
    target = next(r for r in made.rules if r.name == f"p.{other}")
    rules = [r for r in made.rules if r is not target]
    layer: list[tuple[Event, ...]] = [()]
    for _ in range(LENGTH):
        allowed = [
            run
            for before in layer
            for move in _next(before)
            if all(breaks(made, r, run := numbered((*before, *move))).holds for r in rules)
        ]
        for run in allowed:
            if breaks(made, target, run).broken:
                return run
        layer = allowed
    return None


def _next(before: tuple[Event, ...]) -> Sequence[tuple[Event, ...]]:
    """After its end a run has no more events."""
    return MOVES[-1:] if before and before[-1].kind == "end" else MOVES


def confirmed(made: core.Program, other: str, found: Exceeds) -> bool:
    target = next(r for r in made.rules if r.name == f"p.{other}")
    events = found.witness.events
    rules = [r for r in made.rules if r is not target]
    broken = breaks(made, target, events, marked=True).broken
    return found.witness.index in broken and all(breaks(made, r, events, marked=True).holds for r in rules)


CALL = st.sampled_from(["a", "b", "{a, b}", "a(n: 5)", "b(n: > 1)", "a by bot", "fail(a)"])
JUDGED = st.sampled_from(["a", "b", "{a, b}", "a(n: 5)", "a by bot"])
WHEN = st.sampled_from(["", " when n > 1", " when n == 5"])
RULE = st.one_of(
    st.builds("forbid {}{}".format, st.sampled_from(["a", "b", "a by bot"]), WHEN),
    st.builds(
        "forbid {} after {}{}".format, JUDGED, CALL, st.one_of(st.just(""), CALL.map(" until {}".format))
    ),
    st.builds(
        "require {}{} before {}".format, CALL, st.one_of(st.just(""), CALL.map(" since {}".format)), JUDGED
    ),
    st.builds("require {} after {} before end".format, CALL, CALL),
    st.builds("limit count({}) <= {} per run".format, JUDGED, st.integers(0, 3)),
    st.builds("limit consecutive({}) <= {} per run".format, JUDGED, st.integers(0, 2)),
    st.builds("limit sum(a.n) <= {} per run".format, st.integers(0, 10)),
    st.builds("require a(n: same) before {}".format, st.sampled_from(["b", "a"])),
    st.builds("forbid {}(n: same) after {}".format, st.sampled_from(["b", "a"]), st.sampled_from(["b", "a"])),
    st.builds("require {}{} before {} per session".format, CALL, st.sampled_from(["", " since b"]), JUDGED),
    st.builds("forbid {} after {}{} per session".format, JUDGED, CALL, st.sampled_from(["", " until b"])),
    st.builds("limit count({}) <= {} per session".format, JUDGED, st.integers(0, 2)),
    st.builds("limit count(a) <= {} per a.n per run".format, st.integers(0, 2)),
    st.builds("allow bot: a{}, b".format, st.sampled_from(["", "(n: 5)", "(n: > 1)"])),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RULE, min_size=0, max_size=3), RULE.filter(lambda text: not text.startswith("allow")))
def test_no_answer_contradicts_the_enumeration(
    tmp_path_factory: pytest.TempPathFactory, rules: list[str], other: str
) -> None:
    lines = [f"  {'' if text.startswith('allow') else f'r{i}: '}{text}" for i, text in enumerate(rules)]
    made = program(tmp_path_factory.mktemp("p"), [*lines, f"  other: {other}"])
    match answer(made, "other"):
        case Included(by=by):
            run = exceeding(made, "other")
            assert run is None, (by, run)
        case Exceeds() as found:
            assert confirmed(made, "other", found)
        case Undecided(reason=reason):
            assert reason
