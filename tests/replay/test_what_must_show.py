"""A trace that cannot show an event says nothing by its absence: such a rule is insufficient, unless what does show breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import wfcheck
from wfcheck.checker.replay.judging import judge_trace
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.traces.event import Completeness, Event
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Trace

SPEC = """
secrecy secret
influence web
channel internet
principal helper is agent { clears {secret} }
store mem: text holds {secret, web}
tool fetch(url: text) -> text { effect read  emits internet  returns {web} }
tool post(body: text) { effect irreversible  emits internet  returns {} }
tool pay(amount: int) { effect irreversible  emits nothing  returns {} }
tool look(amount: int) -> text { effect read  emits nothing  returns {} }
track paid: int = 0 { on pay: paid + amount }
policy p {
  flow: forbid flow secret -> external
  told: forbid flow secret -> user
  forbidden: forbid pay
  failing: forbid fail(pay)
  count: limit count(pay) <= 1 per run
  sum: limit sum(pay.amount) <= 10 per run
  streak: limit consecutive(pay) <= 1 per run
  before: require look before pay
  after: require look after pay within 2 steps
  steady: always paid <= 100
  said: forbid say when text contains "x"
  asked: forbid input when text contains "x"
  given: forbid post when paid > 3
  earlier: forbid post when any earlier pay: amount > 3
  read: forbid read(web)
  emitted: forbid emit(internet)
  written: forbid write(mem)
  origin: require post.body from only {user}
  stored: require post.body from only {mem}
  steered: require decision of post from only {user}
  turns: limit count(fetch) <= 1 per turn
  kept: forbid remember(mem)
}
"""
RULES = frozenset(
    line.split(":")[0].strip() for line in SPEC.split("policy p {")[1].splitlines() if ": " in line
)
BY_RESULT = {"flow", "told", "before", "after", "steady", "given", "earlier", "origin", "stored", "steered"}
HIDES: dict[str, set[str]] = {
    "call": set(RULES - {"said", "asked", "kept"}),
    "result": BY_RESULT,
    "content": {"flow", "told", "origin", "stored", "steered"},
    "fail": {"failing"},
    "text": {"flow", "told", "origin", "stored", "steered", "said", "asked"},
    "input": {"asked", "origin", "stored", "turns"},
    "llm": {"turns"},
    "say": {"said", "told"},
    "ask": {"told"},
    "approve": {"told"},
    "deny": {"told"},
    "remember": {"written", "kept"},
    "recall": {"read", "stored"},
}  # fmt: skip
HELLO = Event(kind="input", seq=0, actor="user", text="hello")


def verdicts(tmp_path: Path, shown: dict[str, Completeness], *events: Event) -> dict[str, str]:
    (tmp_path / "p.wf").write_text(SPEC)
    policy = compile_policy(wfcheck.load(tmp_path / "p.wf").program)
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events, shown))
    return {result.rule.removeprefix("p."): result.verdict for result in judged.results}


@pytest.mark.parametrize("how", ["absent", "truncated", "redacted"])
@pytest.mark.parametrize("field", sorted(HIDES))
def test_what_does_not_show_says_nothing(tmp_path: Path, field: str, how: Completeness) -> None:
    found = verdicts(tmp_path, {field: how}, HELLO)
    assert {rule for rule, verdict in found.items() if verdict != "holds"} == HIDES[field]
    assert set(found.values()) <= {"holds", "insufficient"}


def test_all_hold_where_everything_shows(tmp_path: Path) -> None:
    assert verdicts(tmp_path, {}, HELLO) == dict.fromkeys(RULES, "holds")


def test_what_shows_may_break_a_rule_all_the_same(tmp_path: Path) -> None:
    pay = Event(kind="call", seq=1, tool="pay", args_executed={"amount": 3})
    found = verdicts(tmp_path, {"call": "truncated"}, HELLO, pay, pay)
    assert {rule for rule, verdict in found.items() if verdict == "violated"} == {"forbidden", "count"}
    assert found["before"] == found["streak"] == "insufficient"


def test_the_calls_of_one_tool_may_all_show(tmp_path: Path) -> None:
    found = verdicts(tmp_path, {"call": "truncated", "call.pay": "full"}, HELLO)
    assert (found["forbidden"], found["count"], found["emitted"]) == ("holds", "holds", "insufficient")


def answered(tool: str, **shown: Completeness) -> tuple[Event, Event]:
    return (
        Event(kind="call", seq=1, tool=tool, call=tool, args_executed={"url": "a"}),
        Event(
            kind="result",
            seq=2,
            tool=tool,
            call=tool,
            result="a page of ours",
            completeness=dict(shown) or None,
        ),
    )


def post(body: str) -> Event:
    return Event(kind="call", seq=3, tool="post", call="p", args_executed={"body": body})


@pytest.mark.parametrize("how", ["absent", "truncated", "redacted"])
def test_a_value_that_was_left_out_may_have_been_any(tmp_path: Path, how: Completeness) -> None:
    found = verdicts(tmp_path, {}, HELLO, *answered("fetch", result=how), post("hello"))
    assert (found["flow"], found["steered"], found["origin"]) == ("insufficient", "insufficient", "holds")
    found = verdicts(tmp_path, {}, HELLO, *answered("fetch", result=how), post("a@b.example"))
    assert found["origin"] == "insufficient"
    assert verdicts(tmp_path, {}, HELLO, *answered("fetch"), post("a@b.example"))["origin"] == "violated"


def test_an_input_that_was_blackened_may_have_held_it(tmp_path: Path) -> None:
    hidden = Event(kind="input", seq=0, actor="user", text="***", completeness={"text": "redacted"})
    assert verdicts(tmp_path, {}, hidden, post("a@b.example"))["origin"] == "insufficient"
    assert verdicts(tmp_path, {}, hidden)["asked"] == "insufficient"


@pytest.mark.parametrize(
    "given", [{}, {"args_executed": {"b": "x"}, "completeness": {"args_executed": "redacted"}}]
)
def test_a_tool_that_nobody_declared_may_send_anything(tmp_path: Path, given: dict[str, Any]) -> None:
    assert (
        verdicts(tmp_path, {}, HELLO, Event(kind="call", seq=1, tool="zap", **given))["flow"]
        == "insufficient"
    )
    none = Event(kind="call", seq=1, tool="zap", args_executed={})
    assert verdicts(tmp_path, {}, HELLO, none)["flow"] == "holds"


def foreign(tmp_path: Path, data: object, spec: str = SPEC) -> dict[str, str]:
    file = tmp_path / "run.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    (trace,) = read_traces([file])
    assert isinstance(trace, Trace)
    (tmp_path / "p.wf").write_text(spec)
    judged = judge_trace(compile_policy(wfcheck.load(tmp_path / "p.wf").program), trace)
    return {result.rule.removeprefix("p."): result.verdict for result in judged.results}


def spans(*spans: tuple[str, dict[str, str]]) -> object:
    made = [
        {"traceId": "t", "spanId": str(number), "name": name, "startTimeUnixNano": f"{number}0", "endTimeUnixNano": f"{number}5",
         "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]}
        for number, (name, attributes) in enumerate(spans, 1)
    ]  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"spans": made}]}]}


AGENT = ("invoke_agent a", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"})
MUTE = ("chat m", {"gen_ai.operation.name": "chat"})
PAY = ("execute_tool pay", {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "pay"})


@pytest.mark.parametrize("shown", [(AGENT,), (AGENT, MUTE)])
def test_spans_without_content_and_without_tools(
    tmp_path: Path, shown: tuple[tuple[str, dict[str, str]], ...]
) -> None:
    assert foreign(tmp_path, spans(*shown))["forbidden"] == "insufficient"


def test_a_span_of_a_tool_shows_its_call(tmp_path: Path) -> None:
    assert foreign(tmp_path, spans(AGENT, MUTE, PAY))["forbidden"] == "violated"


def test_agents_in_logs_of_who_and_when_call_inside_themselves(tmp_path: Path) -> None:
    history = [{"name": "Surfer", "role": "assistant", "content": "I have paid. TERMINATE"}]
    found = foreign(tmp_path, {"question": "?", "mistake_step": "0", "history": history})
    assert {found[rule] for rule in ("forbidden", "count", "before", "emitted", "flow")} == {"insufficient"}


def chat(**told: object) -> object:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"amount": 1}'}}
    return [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "Error: no", **told},
        {"role": "assistant", "content": "done"},
    ]


def test_an_error_may_be_a_text_like_any_other(tmp_path: Path) -> None:
    assert foreign(tmp_path, chat())["failing"] == "insufficient"
    assert foreign(tmp_path, chat(error=None))["failing"] == "holds"


def test_a_log_of_mcp_shows_the_tools_of_its_servers(tmp_path: Path) -> None:
    served = [
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": 1, "result": {"tools": [{"name": "pay"}, {"name": 3}, 4]}},
    ]
    called = [
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "look", "arguments": {"amount": 1}},
        },
        {"jsonrpc": "2.0", "id": 2, "result": {"content": [{"type": "text", "text": "x"}]}},
    ]
    lines = "\n".join(json.dumps(message) for message in served + called)
    assert foreign(tmp_path, lines)["forbidden"] == "holds"
    assert foreign(tmp_path, "\n".join(map(json.dumps, called)))["forbidden"] == "insufficient"


@pytest.mark.parametrize(("beside", "verdict"), [(False, "insufficient"), (True, "holds")])
def test_agents_that_were_sent_out_may_write_elsewhere(tmp_path: Path, beside: bool, verdict: str) -> None:
    sent = {"type": "tool_use", "id": "1", "name": "Task", "input": {"prompt": "pay"}}
    lines = [
        {
            "type": "assistant",
            "sessionId": "s",
            "uuid": "1",
            "message": {"role": "assistant", "content": [sent]},
        }
    ]
    if beside:
        said = {"role": "assistant", "content": [{"type": "text", "text": "done"}]}
        lines.append(
            {"type": "assistant", "sessionId": "s", "uuid": "2", "isSidechain": True, "message": said}
        )
    assert foreign(tmp_path, "\n".join(map(json.dumps, lines)))["forbidden"] == verdict


def test_what_a_user_is_asked_shows_in_a_conversation(tmp_path: Path) -> None:
    assert foreign(tmp_path, chat(error=None))["told"] == "holds"
    assert foreign(tmp_path, spans(AGENT, MUTE, PAY))["told"] == "insufficient"


RELEASED = """
secrecy secret
release cleaned(note: text) -> text removes {secret}
tool look(amount: int) -> text { effect read  emits nothing  returns {secret} }
tool post(body: text) { effect irreversible  emits nothing  returns {} }
policy p {
  freed: forbid flow secret -> post.body except via cleaned
  never: forbid flow secret -> post.body
  origin: require post.body from only {user, via cleaned}
}
"""


def posted(body: str) -> object:
    calls: list[dict[str, Any]] = []
    for name, given in (("look", {"amount": 1}), ("post", {"body": body})):
        function = {"name": name, "arguments": json.dumps(given)}
        call = {"role": "assistant", "tool_calls": [{"id": name, "type": "function", "function": function}]}
        calls += [call, {"role": "tool", "tool_call_id": name, "content": "code ZX-99817-QQ"}]
    return [{"role": "user", "content": "go"}, *calls]


@pytest.mark.parametrize(("body", "verdict"), [("ZX-99817-QQ", "violated"), ("go", "holds")])
def test_in_a_whole_conversation_nothing_was_released(tmp_path: Path, body: str, verdict: str) -> None:
    found = foreign(tmp_path, posted(body), RELEASED)
    assert {found["freed"], found["never"], found["origin"]} == {verdict}


def test_a_release_that_does_not_show_may_clear(tmp_path: Path) -> None:
    (tmp_path / "p.wf").write_text(RELEASED)
    policy = compile_policy(wfcheck.load(tmp_path / "p.wf").program)
    events = (*answered("look"), post("a page of ours"))
    judged = judge_trace(policy, Trace("t", "t", 1, "wftrace", events, {"release": "absent"}))
    found = {r.rule: r.verdict for r in judged.results}
    assert (found["p.freed"], found["p.never"]) == ("insufficient", "violated")


def test_a_release_that_would_show_clears_nothing_by_its_absence(tmp_path: Path) -> None:
    (tmp_path / "p.wf").write_text(RELEASED)
    events = (*answered("look"), post("a page of ours"))
    judged = judge_trace(
        compile_policy(wfcheck.load(tmp_path / "p.wf").program), Trace("t", "t", 1, "wftrace", events)
    )
    assert {r.rule: r.verdict for r in judged.results}["p.freed"] == "violated"


@pytest.mark.parametrize(("column", "verdict"), [("", "insufficient"), ("lifecycle:transition", "holds")])
def test_failures_show_in_life_cycles_alone(tmp_path: Path, column: str, verdict: str) -> None:
    head = f"case_id,activity,{column}".rstrip(",")
    row = "1,look,complete" if column else "1,look"
    assert foreign(tmp_path, f"{head}\n{row}\n")["failing"] == verdict


ODD = """
secrecy secret
influence web
channel internet
tool record() -> { note: text, day: date } { effect read  emits nothing  returns {note: {secret}} }
tool ready() -> bool { effect read  emits nothing  returns {web} }
tool post(body: text) { effect irreversible  emits internet  returns {} }
policy p {
  flow: forbid flow secret -> external
  steered: require decision of post from only {user}
}
"""


@pytest.mark.parametrize(
    "result", ["code ZX-99817-QQ", ["code ZX-99817-QQ"], {"note": ["ZX-99817-QQ"], "day": "2026-05-05"}]
)
def test_what_is_not_of_its_type_is_searched_all_the_same(tmp_path: Path, result: object) -> None:
    assert odd(tmp_path, "record", result)["flow"] == "violated"


def test_a_result_without_text_steers_too(tmp_path: Path) -> None:
    assert odd(tmp_path, "ready", True)["steered"] == "violated"
    assert odd(tmp_path, "ready", None)["steered"] == "holds"


def odd(tmp_path: Path, tool: str, result: object) -> dict[str, str]:
    (tmp_path / "o.wf").write_text(ODD)
    events = (
        HELLO,
        Event(kind="call", seq=1, tool=tool, call="1", args_executed={}),
        Event(kind="result", seq=2, tool=tool, call="1", result=result),
        post("ZX-99817-QQ"),
    )
    judged = judge_trace(
        compile_policy(wfcheck.load(tmp_path / "o.wf").program), Trace("t", "t", 1, "wftrace", events)
    )
    return {r.rule.removeprefix("p."): r.verdict for r in judged.results}
