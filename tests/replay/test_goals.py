"""The point of no return of goals: the first event after which no way of the workflow comes to what must have happened at the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wfcheck

Step: TypeAlias = Any
"""`"tool"`, or `(number, steps, steps)`: a model decides which."""

TOOLS = """
tool goal() -> bool { effect write  emits nothing  returns {} }
tool a() -> bool { effect write  emits nothing  returns {} }
track reached: bool = false { on goal: true }
policy p {
  evidence: require goal before end
  state:    always reached when end
  grounds:  forbid end when not reached
}
"""
RULES = ("p.evidence", "p.state", "p.grounds")


def lines(steps: list[Step]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, str):
            yield f"{step}()"
        else:
            number, then, otherwise = step
            yield f"d{number} = llm s{number}(q) -> bool"
            yield f"if d{number} {{"
            yield from lines(then)
            yield "} else {"
            yield from lines(otherwise)
            yield "}"


def runs(steps: list[Step]) -> Iterator[list[tuple[str, Any]]]:
    """All runs: what happens in them, as tools called and answers given."""
    if not steps:
        yield []
        return
    first, *rest = steps
    if isinstance(first, str):
        yield from ([("call", first), ("result", first), *tail] for tail in runs(rest))
        return
    number, then, otherwise = first
    for answer, branch in ((True, then), (False, otherwise)):
        yield from ([("llm", (number, answer)), *tail] for tail in runs([*branch, *rest]))


def written(run: list[tuple[str, Any]]) -> str:
    events: list[dict[str, Any]] = [{"kind": "input", "actor": "user", "text": "go"}]
    for kind, what in run:
        if kind == "llm":
            events.append({"kind": "llm", "step": f"s{what[0]}", "result": what[1]})
        else:
            made = {"kind": kind, "call": f"c{len(events) - (kind == 'result')}", "tool": what}
            events.append({**made, **({"args_requested": {}} if kind == "call" else {"result": True})})
    events.append({"kind": "end"})
    numbered = [{**event, "seq": seq} for seq, event in enumerate(events)]
    return "\n".join(
        json.dumps(line) for line in [{"format": "wftrace", "version": 1, "source": "test"}, *numbered]
    )


def lost_at(run: list[tuple[str, Any]], every: list[list[tuple[str, Any]]]) -> int:
    """The event after which all runs that begin like this one miss the goal; the input is event 0."""
    for length in range(len(run) + 1):
        alike = [other for other in every if other[:length] == run[:length]]
        if not any(("result", "goal") in other for other in alike):
            return length
    raise AssertionError("the run reaches the goal")


@st.composite
def workflows(draw: st.DrawFn) -> list[Step]:
    numbers = iter(range(100))

    def block(depth: int) -> list[Step]:
        size = draw(st.integers(0, 2))
        made: list[Step] = []
        for _ in range(size):
            if depth and draw(st.booleans()):
                made.append((next(numbers), block(depth - 1), block(depth - 1)))
            else:
                made.append(draw(st.sampled_from(["goal", "a", "a"])))
        return made

    return block(3)


@settings(max_examples=25, deadline=None)
@given(workflows(), st.randoms(use_true_random=False))
def test_a_goal_is_lost_where_the_last_way_to_it_is_left(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], random: Any
) -> None:
    every = list(runs(steps))
    missing = [run for run in every if ("result", "goal") not in run]
    if not missing:
        return
    folder = tmp_path_factory.mktemp("goals")
    spec, trace = folder / "spec.wf", folder / "run.wftrace.jsonl"
    body = "\n  ".join(lines(steps))
    spec.write_text(f"{TOOLS}\nworkflow w(q: text from {{user}}) once per session {{\n  {body}\n}}\n")
    run = random.choice(missing)
    trace.write_text(written(run))
    report = wfcheck.replay(spec, trace)
    found = {result.rule: result for result in report.results}
    for rule in RULES:
        result = found[rule]
        assert result.verdict == "violated"
        assert result.point_of_no_return is not None
        assert result.point_of_no_return.event == lost_at(run, every), (rule, body)


def replayed(folder: Path, workflow: str, events: list[dict[str, Any]], more: str = "") -> dict[str, Any]:
    spec, trace = folder / "spec.wf", folder / "run.wftrace.jsonl"
    spec.write_text(
        f"{TOOLS}\n{more}\nworkflow w(q: text from {{user}}) once per session {{\n{workflow}\n}}\n"
    )
    lines_ = [{"format": "wftrace", "version": 1, "source": "test"}]
    numbered = [{**event, "seq": seq} for seq, event in enumerate(events)]
    trace.write_text("\n".join(json.dumps(line) for line in [*lines_, *numbered]))
    return {result.rule: result for result in wfcheck.replay(spec, trace).results}


def call(number: int, tool: str, **arguments: Any) -> list[dict[str, Any]]:
    made = {"call": f"c{number}", "tool": tool}
    return [{"kind": "call", **made, "args_requested": arguments}, {"kind": "result", **made, "result": True}]


GO = {"kind": "input", "actor": "user", "text": "go"}
END = {"kind": "end"}


def test_an_agent_may_reach_the_goal_as_long_as_it_works(tmp_path: Path) -> None:
    events = [GO, *call(1, "a"), *call(2, "a"), {"kind": "say", "text": "bye"}, END]
    found = replayed(tmp_path, '  agent x(q) may { goal, a } max 5 steps\n  say "bye"', events)
    assert found["p.evidence"].point_of_no_return.event == 5


def test_what_is_not_lost_before_the_end_is_lost_there(tmp_path: Path) -> None:
    events = [GO, *call(1, "a"), END]
    found = replayed(tmp_path, "  agent x(q) may { goal, a } max 5 steps", events)
    assert found["p.evidence"].point_of_no_return.event == 3
    assert found["p.evidence"].manifestation.event == 3


def test_what_only_the_end_will_tell_is_no_goal(tmp_path: Path) -> None:
    more = "policy q {\n  late: forbid end when now > now\n  brief: forbid end after a for 5m\n}\n"
    found = replayed(
        tmp_path, "  a()\n  say q", [GO, *call(1, "a"), {"kind": "say", "text": "go"}, END], more
    )
    for rule in ("q.late", "q.brief"):
        mark = found[rule].point_of_no_return
        assert mark is None or mark.event == found[rule].manifestation.event


def test_a_rule_that_no_later_event_can_undo_is_lost_with_the_event_that_arms_it(tmp_path: Path) -> None:
    more = "policy q {\n  never: forbid end after a\n  undone: forbid end after a until goal\n}\n"
    events = [GO, *call(1, "a"), {"kind": "say", "text": "go"}, END]
    found = replayed(tmp_path, "  a()\n  d = llm s(q) -> bool\n  if d { goal() }\n  say q", events, more)
    assert found["q.never"].point_of_no_return.event == 2
    assert found["q.undone"].point_of_no_return.event == 3


def test_a_goal_that_is_reached_out_of_order_is_reached(tmp_path: Path) -> None:
    events = [GO, *call(1, "a"), *call(2, "goal"), END]
    found = replayed(tmp_path, "  a()\n  a()", events)
    assert {found[rule].verdict for rule in RULES} == {"holds"}


def test_a_loop_that_may_go_on_may_reach_the_goal(tmp_path: Path) -> None:
    workflow = "  d = llm s(q) -> bool\n  repeat max 3 while d {\n    a()\n    e = llm t(q) -> bool\n    if e { goal() }\n  }\n  say q"
    said = [
        {"kind": "llm", "step": "s", "result": True},
        *call(1, "a"),
        {"kind": "llm", "step": "t", "result": False},
    ]
    rounds = [*call(2, "a"), {"kind": "llm", "step": "t", "result": False}]
    last = [*call(3, "a"), {"kind": "llm", "step": "t", "result": False}]
    events = [GO, *said, *rounds, *last, {"kind": "say", "text": "go"}, END]
    found = replayed(tmp_path, workflow, events)
    assert found["p.evidence"].verdict == "violated"
    assert found["p.evidence"].point_of_no_return.event >= 10


def test_branches_side_by_side_may_each_reach_the_goal(tmp_path: Path) -> None:
    workflow = (
        "  parallel {\n    branch { d = llm s(q) -> bool  if d { goal() } }\n"
        "    branch { e = llm t(q) -> bool  if e { goal() } }\n  }"
    )
    said = [{"kind": "llm", "step": step, "result": False} for step in "st"]
    found = replayed(tmp_path, workflow, [GO, *said, END])
    assert found["p.evidence"].point_of_no_return.event == 2
