"""What is kept of a run to show it, and which step of a workflow each event is put beside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from generators.programs import RandomOracle, generate
from hypothesis import given
from hypothesis import strategies as st

from wfcheck._api import load, replay
from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.replay.telling import Told, tell, told_of
from wfcheck.checker.replay.timeline import AROUND, HEAD, LONGEST, TAIL, Recorder, clip, moment_of
from wfcheck.checker.traces.event import Event
from wfcheck.dsl.graph.lower import lower

SPEC = """
tool look(at: text) -> text { effect read }
tool act(on: text) { effect write }
policy p { never: forbid act }
workflow w(seed: text from {user}) {
  a = look(at: seed)
  if a == "x" { act(on: a) } else { act(on: seed) }
  say a
}
"""


def event(index: int, kind: str = "call", **fields: object) -> Event:
    return Event(kind=kind, seq=index, **fields)  # type: ignore[arg-type]


@given(st.integers(0, 600), st.sets(st.integers(0, 700), max_size=8))
def test_head_marks_and_tail_are_kept_and_nothing_else(count: int, marks: set[int]) -> None:
    recorder = Recorder(tuple(marks))
    for index in range(count):
        recorder.see(index, event(index))
    made = recorder.done()
    wanted = {
        index
        for index in range(count)
        if index < HEAD or index >= count - TAIL or any(abs(index - mark) <= AROUND for mark in marks)
    }
    assert [moment.index for moment in made.moments] == sorted(wanted)
    assert made.events == count


@given(st.integers(HEAD + 60, 300), st.integers(0, AROUND))
def test_an_event_that_turns_out_to_be_marked_is_kept(at: int, late: int) -> None:
    recorder = Recorder()
    for index in range(at + 60):
        recorder.see(index, event(index))
        if index == at + late:
            recorder.pin(at)
    kept = {moment.index for moment in recorder.done().moments}
    assert set(range(at - AROUND, at + AROUND + 1)) <= kept


def test_what_is_kept_does_not_grow_with_the_run_or_with_its_texts() -> None:
    recorder = Recorder(range(100_000))
    large = "x" * 100_000
    for index in range(3_000):
        recorder.see(index, event(index, args_requested={str(n): large for n in range(100)}, text=large))
    made = recorder.done()
    assert len(made.moments) < 1_100
    for moment in made.moments:
        assert len(moment.values) + moment.more == 101
        assert sum(len(value.text) for _, value in moment.values) <= 24 * LONGEST


VALUES = st.recursive(
    st.text() | st.integers() | st.booleans() | st.none(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


@given(VALUES)
def test_short_values_are_shown_as_json(value: object) -> None:
    shown = clip(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    assert shown.text == text[:LONGEST]
    assert shown.whole == (len(text) <= LONGEST)


def test_a_deep_value_ends_in_an_ellipsis() -> None:
    value: object = 1
    for _ in range(10_000):
        value = [value]
    assert "…" in clip(value).text


def test_a_result_that_is_also_the_text_is_shown_once() -> None:
    moment = moment_of(0, event(0, "input", text="a", result="a"))
    assert [name for name, _ in moment.values] == ["result"]


def trace(name: str, *events: dict[str, object]) -> list[str]:
    return [json.dumps({"trace": name, "seq": seq, **fields}) for seq, fields in enumerate(events)]


def call(tool: str, **arguments: object) -> dict[str, object]:
    return {"kind": "call", "call": f"c-{tool}", "tool": tool, "args_requested": arguments}


def result(tool: str, value: object = None) -> dict[str, object]:
    return {"kind": "result", "call": f"c-{tool}", "tool": tool, "result": value}


ENTERED: dict[str, object] = {"kind": "input", "actor": "user", "text": "s"}


def told(
    tmp_path: Path, *lines: str, header: dict[str, object] | None = None
) -> tuple[dict[str, Told], ReplayReport]:
    spec = tmp_path / "w.wf"
    spec.write_text(SPEC)
    file = tmp_path / "t.wftrace.jsonl"
    head = {"format": "wftrace", "version": 1, **(header or {})}
    file.write_text("\n".join([json.dumps(head), *lines]) + "\n")
    loaded = load(str(spec))
    report = replay(loaded, str(file))
    assert not any(d.severity.value == "error" for d in report.diagnostics)
    return dict(tell(loaded.program, [str(file)], report)), report


def nodes(run: Told) -> dict[int, list[str]]:
    return {moment.index: [node for _, node in moment.places] for moment in run.timeline.moments}


def titles(tmp_path: Path) -> dict[str, str]:
    graph = load(str(tmp_path / "w.wf")).workflows["w"].dag
    return {node.id: node.title for node in graph.nodes}


def test_events_stand_beside_their_steps(tmp_path: Path) -> None:
    lines = trace(
        "one", ENTERED, call("look", at="s"), result("look", "x"), call("act", on="x"), result("act")
    )
    found, _ = told(tmp_path, *lines)
    (run,) = found.values()
    name = titles(tmp_path)
    placed = {index: [name[node] for node in here] for index, here in nodes(run).items()}
    assert placed == {0: ["seed"], 1: ["a = look"], 2: ["a = look"], 3: ["act"], 4: ["act"]}
    (step,) = nodes(run)[3]
    graph = load(str(tmp_path / "w.wf")).workflows["w"].dag
    arm = [edge.carries for edge in graph.edges if edge.target == step and edge.kind == "control"]
    assert arm == ["then"]
    assert run.workflows == ("w",)
    assert len(run.path) == 3
    assert not run.perhaps


def test_what_the_record_does_not_tell_is_no_place(tmp_path: Path) -> None:
    lines = trace("one", ENTERED, call("look", at="s"), {**result("look"), "completeness": {"result": "redacted"}},
                  call("act"), result("act"))  # fmt: skip
    header: dict[str, object] = {"completeness": {"args_requested": "absent", "args_executed": "absent"}}
    found, _ = told(tmp_path, *lines, header=header)
    (run,) = found.values()
    assert len(nodes(run)[3]) == 2
    assert len(run.perhaps) == 2
    assert run.perhaps.isdisjoint(run.path)


def test_an_event_that_the_workflow_does_not_have_has_no_place(tmp_path: Path) -> None:
    lines = trace(
        "one", ENTERED, call("look", at="s"), result("look", "x"), call("other"), call("act", on="x")
    )
    found, _ = told(tmp_path, *lines)
    (run,) = found.values()
    assert nodes(run)[3] == []
    assert len(nodes(run)[4]) == 1


def test_only_runs_in_question_are_told_and_shared_names_are_not(tmp_path: Path) -> None:
    good = trace("good", ENTERED, call("look", at="s"), result("look", "x"))
    bad = trace("bad", ENTERED, call("look", at="s"), result("look", "x"), call("act", on="x"), result("act"))
    found, report = told(tmp_path, *good, *bad)
    assert {name.partition("#")[2] for name in found} <= {"good", "bad"}
    assert any(name.endswith("#bad") for name in found)
    file = str(tmp_path / "t.wftrace.jsonl")
    program = load(str(tmp_path / "w.wf")).program
    assert tell(program, [file, file], report) == {}
    assert tell(program, ["-"], report) == {}


def test_a_witness_is_told_without_a_file() -> None:
    spec = load(str(Path(__file__).parents[2] / "examples" / "banking-unsafe"))
    from wfcheck import check

    witnesses = [
        r.witness for r in check(str(Path(__file__).parents[2] / "examples" / "banking-unsafe")).results
    ]
    (first, *_) = [w for w in witnesses if w is not None]
    run = told_of(spec.program, first.events, (first.index,))
    assert [node for _, node in next(m for m in run.timeline.moments if m.index == first.index).places] == [
        "n3"
    ]


def test_no_workflow_no_places(tmp_path: Path) -> None:
    (tmp_path / "t.wf").write_text("tool look(at: text) -> text { effect read }\n")
    run = told_of(load(str(tmp_path / "t.wf")).program, [event(n) for n in range(50)], ())
    assert run.workflows == ()
    assert all(moment.places == () for moment in run.timeline.moments)


@pytest.mark.parametrize("seed", range(150))
def test_runs_of_the_interpreter_stand_beside_the_steps_that_made_them(seed: int) -> None:
    """In generated programs the line of a statement is the number of its node."""
    program, workflow = generate(seed)
    events = run(program, workflow, RandomOracle(seed, program)).events
    told = told_of(program, events, range(len(events)))
    for moment in told.timeline.moments:
        made = events[moment.index]
        if made.kind == "end" or made.source is None:
            continue
        placed = {node.partition(":")[0] for symbol, node in moment.places if symbol == workflow.symbol}
        if made.kind == "input" and any(node == f"parameter:{made.step}" for _, node in moment.places):
            continue
        assert f"n{made.source.line}" in placed, moment
    drawn = {node.id for node in lower(workflow, program).nodes}
    assert {node for symbol, node in told.path if symbol == workflow.symbol} <= drawn
