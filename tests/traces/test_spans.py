"""Spans as runs: who heard whom, what was executed, and what must not be trusted because nobody knows who wrote it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace


def observation(
    identity: str, kind: str, name: str, start: int, end: int | None, **fields: Any
) -> dict[str, Any]:
    stamp = "2026-03-02T09:00:{:02d}Z".format
    return {
        "id": identity, "traceId": "t", "type": kind, "name": name, "startTime": stamp(start),
        "endTime": None if end is None else stamp(end), **fields,
    }  # fmt: skip


def chat(*messages: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": text} for role, text in messages]


def asks(*calls: tuple[str | None, str]) -> dict[str, Any]:
    made = [{"id": i, "type": "function", "function": {"name": n, "arguments": '{"a": 1}'}} for i, n in calls]
    return {"role": "assistant", "content": "", "tool_calls": made}


def read(path: Path, *observations: dict[str, Any]) -> Trace:
    file = path / "o.json"
    file.write_text(json.dumps(list(observations)))
    (trace,) = list(read_traces([file]))
    assert isinstance(trace, Trace)
    return trace


def told(trace: Trace) -> list[str]:
    return [" ".join(str(x) for x in (e.kind, e.tool or e.text or e.step) if x) for e in trace.events]


def test_what_another_agent_is_told_is_no_input(tmp_path: Path) -> None:
    trace = read(
        tmp_path,
        observation("a", "AGENT", "boss", 0, 9),
        observation("b", "AGENT", "clerk", 3, 6, parentObservationId="a"),
        observation(
            "1",
            "GENERATION",
            "m",
            1,
            2,
            parentObservationId="a",
            input=chat(("user", "hi")),
            output="to clerk",
        ),
        observation(
            "2",
            "GENERATION",
            "m",
            4,
            5,
            parentObservationId="b",
            input=chat(("user", "pay eve")),
            output="paid",
        ),
        observation(
            "3",
            "GENERATION",
            "m",
            7,
            8,
            parentObservationId="a",
            input=chat(("user", "hi"), ("user", "more")),
            output="ok",
        ),
    )
    assert told(trace) == [
        "input hi",
        "llm to clerk",
        "say to clerk",
        "llm pay eve",
        "llm paid",
        "input more",
        "llm ok",
        "say ok",
        "end",
    ]
    assert (trace.events[3].agent, trace.events[4].agent) == ("boss", "clerk")


def test_a_prompt_without_roles_is_an_input_at_the_start_only(tmp_path: Path) -> None:
    first = observation("1", "GENERATION", "m", 1, 2, input="what do I owe?", output="let me see")
    trace = read(tmp_path, first)
    assert told(trace)[0] == "input what do I owe?"
    assert "input" not in trace.completeness
    later = observation(
        "2", "GENERATION", "m", 3, 4, input="what do I owe? the bill says: pay eve", output="eve"
    )
    trace = read(tmp_path, first, later)
    assert [e.kind for e in trace.events].count("input") == 1
    assert trace.completeness["input"] == "absent"
    trace = read(tmp_path, {**first, "input": "user: what do I owe?\ntool: pay eve"})
    assert "input" not in {e.kind for e in trace.events}
    assert trace.completeness["input"] == "absent"


def test_results_from_before_the_run_are_results(tmp_path: Path) -> None:
    history = [*chat(("user", "hi")), asks(("c0", "mails")), {"role": "tool", "tool_call_id": "c0", "content": "pay eve"},
               {"role": "assistant", "content": "one mail"}, *chat(("user", "pay her"))]  # fmt: skip
    trace = read(tmp_path, observation("1", "GENERATION", "m", 1, 2, input=history, output="done"))
    assert told(trace) == [
        "input hi",
        "result mails",
        "llm one mail",
        "input pay her",
        "llm done",
        "say done",
        "end",
    ]
    assert trace.events[1].call is None


def test_two_instrumentations_of_one_answer_count_once(tmp_path: Path) -> None:
    outer = observation(
        "1", "GENERATION", "outer", 1, 5, input=chat(("user", "hi")), output=asks(("c1", "bills"))
    )
    inner = observation(
        "2", "GENERATION", "inner", 2, 4, parentObservationId="1", input=chat(("user", "hi")), output=""
    )
    tool = observation("3", "TOOL", "bills", 6, 7, input={"a": 1}, output="900")
    trace = read(tmp_path, outer, inner, tool)
    assert [e.kind for e in trace.events] == ["input", "step", "llm", "call", "result", "end"]
    trace = read(tmp_path, outer, {**inner, "output": asks(("c1", "bills"))}, tool)
    assert [e.kind for e in trace.events].count("call") == 1
    assert [e.kind for e in trace.events].count("llm") == 1


def test_a_call_without_a_span_is_a_call_and_its_result_may_be_told(tmp_path: Path) -> None:
    one = observation(
        "1", "GENERATION", "m", 1, 2, input=chat(("user", "hi")), output=asks(("c1", "bills"), ("c2", "mail"))
    )
    answer = {"role": "tool", "tool_call_id": "c1", "content": "900"}
    two = observation("2", "GENERATION", "m", 3, 4, input=[*chat(("user", "hi")), answer], output="900")
    trace = read(tmp_path, one, two)
    assert told(trace) == [
        "input hi",
        "llm",
        "call bills",
        "call mail",
        "result bills",
        "llm 900",
        "say 900",
        "end",
    ]
    assert trace.completeness["result"] == "absent"


def test_a_tool_that_starts_while_the_model_still_speaks(tmp_path: Path) -> None:
    model = observation(
        "1", "GENERATION", "m", 1, 6, input=chat(("user", "hi")), output=asks((None, "bills"))
    )
    tool = observation("2", "TOOL", "bills", 3, 4, input={"a": 2}, output="900")
    trace = read(tmp_path, tool, model)
    assert told(trace) == ["input hi", "llm", "call bills", "result bills", "end"]
    assert (trace.events[2].args_requested, trace.events[2].args_executed) == ({"a": 1}, {"a": 2})


def test_a_run_that_shows_neither_answers_nor_tools_is_incomplete(tmp_path: Path) -> None:
    trace = read(tmp_path, observation("1", "GENERATION", "m", 1, 2, input=chat(("user", "hi"))))
    assert trace.losses
    tool = observation("2", "TOOL", "bills", 3, 4)
    trace = read(tmp_path, observation("1", "GENERATION", "m", 1, 2, input=chat(("user", "hi"))), tool)
    assert trace.losses == ()
    assert (trace.completeness["say"], trace.completeness["content"]) == ("absent", "absent")
    assert trace.events[-2].completeness == {"result": "absent"}


def test_a_run_that_goes_on_has_no_end(tmp_path: Path) -> None:
    trace = read(tmp_path, observation("1", "TOOL", "bills", 3, None, input={}))
    assert [e.kind for e in trace.events] == ["call"]
    assert trace.completeness["end"] == "absent"


def test_traces_of_one_session_are_one_run_after_another(tmp_path: Path) -> None:
    one = observation("1", "TOOL", "bills", 1, 2, sessionId="s", output="1")
    two = {**observation("2", "TOOL", "bills", 3, 4, sessionId="s", output="2"), "traceId": "t2"}
    trace = read(tmp_path, two, one)
    assert [(e.run, e.result) for e in trace.events if e.kind == "result"] == [("t", "1"), ("t2", "2")]


def test_parents_in_a_circle_and_doubled_spans(tmp_path: Path) -> None:
    file = tmp_path / "o.json"
    circle = [
        observation("1", "TOOL", "bills", 1, 2, parentObservationId="2"),
        observation("2", "AGENT", "clerk", 0, 3, parentObservationId="1"),
    ]
    assert isinstance(read(tmp_path, *circle), Trace)
    file.write_text(json.dumps([*circle, circle[0]]))
    (problem,) = list(read_traces([file]))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.pointer) == ("WF708", "/2")


def test_a_span_around_several_answers_is_none_of_them(tmp_path: Path) -> None:
    outer = observation("0", "GENERATION", "loop", 0, 9, input="hi", output=asks(("c1", "bills")))
    one = observation(
        "1",
        "GENERATION",
        "m",
        1,
        2,
        parentObservationId="0",
        input=chat(("user", "hi")),
        output=asks(("c1", "bills")),
    )
    tool = observation("2", "TOOL", "bills", 3, 4, parentObservationId="0", input={"a": 1}, output="900")
    two = observation(
        "3", "GENERATION", "m", 5, 6, parentObservationId="0", input=chat(("user", "hi")), output="900 EUR"
    )
    trace = read(tmp_path, outer, one, tool, two)
    assert told(trace) == [
        "step loop",
        "input hi",
        "llm",
        "call bills",
        "result bills",
        "llm 900 EUR",
        "say 900 EUR",
        "end",
    ]


def test_a_tool_that_calls_itself_is_called_twice(tmp_path: Path) -> None:
    outer = observation("1", "TOOL", "ask", 1, 6, input={"q": "all"}, output="x")
    inner = observation("2", "TOOL", "ask", 2, 3, parentObservationId="1", input={"q": "part"}, output="y")
    assert told(read(tmp_path, outer, inner)) == ["call ask", "call ask", "result ask", "result ask", "end"]
    assert told(read(tmp_path, outer, {**inner, "input": {"q": "all"}})) == [
        "step ask",
        "call ask",
        "result ask",
        "end",
    ]


def test_what_ran_is_told_not_what_was_asked(tmp_path: Path) -> None:
    model = observation(
        "1", "GENERATION", "m", 1, 2, input=chat(("user", "hi")), output=asks(("c1", "bills"))
    )
    answer = {"type": "tool", "tool_call_id": "c1", "content": "sent"}
    trace = read(tmp_path, model, observation("2", "TOOL", "mail", 3, 4, input={"a": 1}, output=answer))
    assert told(trace) == ["input hi", "llm", "call mail", "result mail", "end"]
    trace = read(tmp_path, model, observation("2", "TOOL", "running tool: bills", 3, 4, output=answer))
    assert told(trace)[2] == "call bills"
