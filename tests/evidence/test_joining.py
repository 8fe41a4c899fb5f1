"""A trace and its logs: agreement is silent, every disagreement is told, and no verdict becomes better by it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wfcheck
from wfcheck.checker.evidence.joining import join
from wfcheck.checker.evidence.records import Disagreement, Evidence, Joined, Log
from wfcheck.checker.evidence.values import same
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.core import Program

Step = tuple[str, int, str]  # tool, argument, outcome: "" returns, "!" fails, "?" never ends, "-" is denied


def trace(steps: list[Step], *, log: bool = False, times: list[int] | None = None) -> Trace:
    events: list[Event] = []

    def add(time: int | None, **fields: object) -> None:
        told = None if time is None else f"2026-01-01T00:{time // 60:02}:{time % 60:02}Z"
        events.append(Event(seq=len(events), time=told, **fields))  # type: ignore[arg-type]

    if not log:
        add(None if times is None else 0, kind="input", actor="user", text="go")
    for number, (tool, value, outcome) in enumerate(steps):
        moment = None if times is None else times[number]
        shared = {"tool": tool, "call": f"{'l' if log else 'c'}{number}", "actor": "clerk"}
        given = {"x": str(value) if log else value}
        if outcome == "-":
            add(moment, kind="deny", args_requested=given, **shared)
            continue
        add(moment, kind="call", args_requested=given, **shared)
        if outcome == "":
            add(moment, kind="result", result="ok", **shared)
        elif outcome == "!":
            add(moment, kind="fail", error="no", **shared)
    if not log:
        add(None if times is None else 3599, kind="end")
    return Trace("log" if log else "run", "log.csv" if log else "run.jsonl", 1, "test", tuple(events))


def log_of(steps: list[Step], covers: str = "ab", times: list[int] | None = None) -> Log:
    recorded = {tool: frozenset({"x"}) for tool in covers}
    kept = [(s, None if times is None else times[n]) for n, s in enumerate(steps) if s[0] in covers]
    clock = None if times is None else [t for _, t in kept if t is not None]
    return Log(trace([s for s, _ in kept], log=True, times=clock), frozenset(covers), recorded)


def joined(claimed: list[Step], done: list[Step], covers: str = "ab") -> Joined:
    return join(trace(claimed), Evidence((log_of(done, covers),)))


def told(found: Joined) -> list[tuple[str, str]]:
    return [(d.kind, d.subject) for d in found.disagreements]


def calls(reading: Trace) -> list[tuple[str, str]]:
    ends = {e.call: e.kind for e in reading.events if e.kind in ("result", "fail")}
    return [(str(e.tool), ends.get(e.call, "open")) for e in reading.events if e.kind == "call"]


STEP = st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.sampled_from(["", "", "", "!"]))
RUN = st.lists(STEP, max_size=6)


@given(RUN, st.booleans())
def test_records_that_agree_are_one_reading(steps: list[Step], hosts: bool) -> None:
    claimed = [("a", 9, "-"), *steps] if hosts else steps
    found = joined(claimed, steps)
    assert found.disagreements == ()
    assert found.readings == (trace(claimed),)


@given(RUN, st.data())
def test_a_call_that_only_the_log_has_is_hidden(steps: list[Step], data: st.DataObject) -> None:
    extra: Step = (data.draw(st.sampled_from("ab")), 7, "")
    done = steps.copy()
    done.insert(data.draw(st.integers(0, len(steps))), extra)
    found = joined(steps, done)
    assert told(found) == [("hidden", extra[0])]
    for reading in found.readings[1:]:
        order = [
            (e.tool, str(e.arguments.get("x"))) for e in reading.events if e.kind == "call" and e.tool != "c"
        ]
        logged = [(t, str(v)) for t, v, _ in done if t != "c"]
        assert sorted(order) == sorted(logged)
        assert order == logged or reading.losses
        assert [e.seq for e in reading.events] == list(range(len(reading.events)))


@given(RUN, st.data())
def test_a_result_that_the_log_does_not_have_was_made_up(steps: list[Step], data: st.DataObject) -> None:
    extra: Step = (data.draw(st.sampled_from("ab")), 7, "")
    claimed = steps.copy()
    claimed.insert(data.draw(st.integers(0, len(steps))), extra)
    found = joined(claimed, steps)
    assert told(found) == [("not-done", extra[0])]
    done = found.readings[1]
    answer = next(e for e in done.events if e.call == f"c{claimed.index(extra)}" and e.kind != "call")
    assert answer.kind == "fail"


@pytest.mark.parametrize(
    ("claimed", "done", "kinds"),
    [
        ([("a", 1, "")], [("a", 2, "")], ["arguments"]),
        ([("a", 1, "")], [("a", 1, "!")], ["outcome"]),
        ([("a", 1, "!")], [("a", 1, "")], ["outcome"]),
        ([("a", 1, "!")], [], []),
        ([("a", 1, "?")], [], []),
        ([("a", 1, "?")], [("a", 1, "")], []),
        ([("a", 1, "-")], [], []),
        ([("a", 1, "-")], [("a", 1, "")], ["denied-but-done"]),
        ([("a", 1, "-")], [("a", 1, "!")], []),
        ([("a", 1, "-")], [("a", 2, "")], ["hidden"]),
        ([("a", 1, ""), ("b", 1, "")], [("b", 1, ""), ("a", 1, "")], ["order"]),
        ([("a", 1, "?"), ("b", 1, "")], [("b", 1, ""), ("a", 1, "")], []),
        ([("a", 1, ""), ("a", 2, "")], [("a", 2, ""), ("a", 1, "")], ["order"]),
        ([("a", 1, ""), ("a", 2, "")], [("a", 2, "")], ["not-done"]),
        ([("c", 1, "")], [], []),
        ([], [("a", 1, "!")], ["hidden"]),
        ([], [("a", 1, "-")], []),
    ],
)
def test_kinds(claimed: list[Step], done: list[Step], kinds: list[str]) -> None:
    assert [d.kind for d in joined(claimed, done).disagreements] == kinds


def test_what_was_executed_is_what_the_log_has() -> None:
    found = joined([("a", 1, "")], [("a", 2, "")])
    assert found.disagreements == (
        Disagreement("run", "arguments", "a", "log.csv", 1, None, None, "x", 1, "2"),
    )
    (call,) = [e for e in found.readings[1].events if e.kind == "call"]
    assert (call.args_requested, call.args_executed) == ({"x": 1}, {"x": "2"})


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (40, "40", True),
        (Decimal("40.0"), "40", True),
        ("007", "7", False),
        ("007", 7, False),
        ("1_000", 1000, False),
        ("１０", 10, False),
        (10**500, 10**500, True),
        (10**500, 10**500 + 1, False),
        (True, "True", True),
        (True, 1, False),
        (None, "", True),
        (None, 0, False),
        ({"a": [1]}, '{"a": ["1"]}', True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [2, 1], False),
        ("x", "x ", True),
        ("NaN", "nan", False),
        ("1e999999999", 7, False),
    ],
)
def test_values(one: object, other: object, alike: bool) -> None:
    assert same(one, other) == same(other, one) == alike


SPEC = """
principal clerk is agent
tool a(x: any)
tool b(x: any)
tool c(x: any)
policy p {
  order: require a before b
  again: require a since c before b
  fresh: require c since a before b
  never: forbid b after a
  gone: forbid b after a until c
  few:   limit count(a) <= 1 per run
  same_x: require a(x: same) before b
  ends:  require b after a before end
  row:   limit consecutive(b) <= 1 per run
}
"""
RANK = ["violated", "insufficient", "holds", "not-applicable"]


class Judge:
    def __init__(self, program: Program) -> None:
        self.program = program

    def __repr__(self) -> str:
        return "judge"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    file = tmp_path_factory.mktemp("evidence") / "spec.wf"
    file.write_text(SPEC)
    return Judge(wfcheck.load(file).program)


def verdicts(judge: Judge, reading: Trace) -> dict[str, str]:
    return {r.rule: r.verdict for r in replay(judge.program, [reading]).results}


def worst(program: Judge, found: Joined) -> dict[str, str]:
    all_of = [verdicts(program, reading) for reading in found.readings]
    return {rule: min((v[rule] for v in all_of), key=RANK.index) for rule in all_of[0]}


@settings(max_examples=200, deadline=None)
@given(
    st.lists(STEP, max_size=6),
    st.sets(st.integers(0, 5)),
    st.sampled_from(["a", "b", "ab", "abc"]),
    st.sampled_from([None, 0, 25]),
)
def test_what_broke_a_rule_is_never_said_to_hold(
    program: Judge, done: list[Step], silent: set[int], covers: str, ahead: int | None
) -> None:
    """The run as it was; the trace leaves out calls that the log has: what the whole run breaks does not hold. The clock of the log
    is ahead, right, or missing."""
    kept = [n for n, step in enumerate(done) if n not in silent or step[0] not in covers]
    times = [10 * n + 5 for n in range(len(done))]
    claimed = trace([done[n] for n in kept], times=None if ahead is None else [times[n] for n in kept])
    clock = None if ahead is None else [time + ahead for time in times]
    found = join(claimed, Evidence((log_of(done, covers, clock),)))
    truth, judged = verdicts(program, trace(done)), worst(program, found)
    assert not [rule for rule in truth if truth[rule] == "violated" and judged[rule] == "holds"]
    alone = verdicts(program, claimed)
    assert all(RANK.index(judged[rule]) <= RANK.index(alone[rule]) for rule in alone)
    told_apart = len({(tool, value) for tool, value, _ in done}) == len(done)
    if told_apart and ahead == 0 and len(kept) < len(done) and any(done[n][0] in covers for n in kept):
        assert judged == {rule: min(truth[rule], alone[rule], key=RANK.index) for rule in truth}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(STEP, max_size=6),
    st.sets(st.integers(0, 5)),
    st.lists(st.tuples(st.integers(0, 6), STEP), max_size=2),
    st.sampled_from(["a", "ab", "abc"]),
)
def test_whichever_calls_were_hidden_or_made_up(
    program: Judge, done: list[Step], silent: set[int], made_up: list[tuple[int, Step]], covers: str
) -> None:
    """What is made up is not what was hidden: of a call that was only moved no other record without a clock can tell; nor of one
    that is said to have failed, which may never have reached the service."""
    claimed = [step for n, step in enumerate(done) if n not in silent or step[0] not in covers]
    for place, (tool, _, outcome) in made_up:
        if tool in covers and not outcome:
            claimed.insert(place, (tool, 7, outcome))
    judged = worst(program, joined(claimed, done, covers))
    truth = verdicts(program, trace(done))
    assert not [rule for rule in truth if truth[rule] == "violated" and judged[rule] == "holds"]


@settings(max_examples=80, deadline=None)
@given(st.lists(STEP, max_size=6), st.sets(st.integers(0, 5)))
def test_what_was_made_up_is_no_evidence(program: Judge, claimed: list[Step], made_up: set[int]) -> None:
    done = [s for n, s in enumerate(claimed) if n not in made_up]
    found = joined(claimed, done, "abc")
    judged = worst(program, found)
    truth = verdicts(
        program, trace([(t, v, "!" if n in made_up else o) for n, (t, v, o) in enumerate(claimed)])
    )
    assert not [rule for rule in truth if truth[rule] == "violated" and judged[rule] == "holds"]


def test_where_the_place_is_open_nothing_holds_for_sure(program: Judge) -> None:
    found = joined([("c", 1, ""), ("c", 1, "")], [("b", 1, "")], "b")
    assert worst(program, found)["p.few"] == "insufficient"
