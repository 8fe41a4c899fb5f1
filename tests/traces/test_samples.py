"""One small run in every format: what is read from it, where it stood, and that any damage to it is said."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Trace

SAMPLES = Path(__file__).parent / "samples"
MUTATIONS = int(os.environ.get("WFCHECK_FUZZ_MUTATIONS", "300"))
ASKED = ["input", "llm", "call bills", "result bills"]
EXPECTED: dict[str, tuple[str, list[list[str]]]] = {
    "native.wftrace.jsonl": ("wftrace", [["input", "call pay", "result pay", "end"], ["input", "say"]]),
    "guard_log.jsonl": ("wfguard", [["input", "call bills", "result bills", "deny pay", "approve pay", "call pay", "fail pay", "end"]]),
    "openai.jsonl": ("openai", [["message", "input", "llm", "call pay", "result pay", "llm", "say", "end"]] * 2),
    "claude_code.jsonl": ("claude-code", [[
        "input", "llm", "call Read", "result Read", "llm", "deny Bash", "input", "llm", "call Read", "fail Read", "message",
        "llm", "llm", "say",
    ]]),
    "otlp_genai.jsonl": ("otel-genai", [["message", *ASKED, "llm", "say", "call mail", "fail mail", "end"]]),
    "otel_printed.jsonl": ("otel-genai", [["step", *ASKED, "llm", "say", "end"]]),
    "openinference.jsonl": ("openinference", [[*ASKED, "call search", "result search", "llm", "say", "end"]]),
    "langsmith.jsonl": ("langsmith", [["step", "message", *ASKED, "call mail", "fail mail", "llm", "say", "end"]]),
    "openai_agents.jsonl": ("openai-agents", [["message", *ASKED, "call mail", "fail mail", "llm", "say", "step", "end"]]),
    "openai_agents_state.json": ("openai-agents-state", [[
        "input", "call bills", "result bills", "approve pay", "call pay", "result pay", "deny pay", "llm", "say",
    ]]),
    "langfuse.json": ("langfuse", [["message", *ASKED, "call mail", "fail mail", "llm", "say", "end"]]),
    "google_adk.json": ("google-adk", [[*ASKED, "llm", "say"]]),
    "swe_agent.traj": ("swe-agent", [[
        "message", "input", "llm", "call bash", "result bash", "llm", "call bash", "result bash", "end",
    ]]),
    "swe_agent_functions.traj": ("swe-agent", [["message", "input", "llm", "call find_file", "result find_file"]]),
    "agentspex_trace.jsonl": ("agentspex", [["llm", "call bills", "result bills", "call mail", "fail mail", "llm"]]),
    "agentspex.events": ("agentspex", [["step", "llm", "call bills", "result bills", "end"]]),
    "who_and_when.json": ("who-and-when", [[
        "input", "llm", "llm", "call Computer_terminal", "fail Computer_terminal", "llm", "call Computer_terminal",
        "result Computer_terminal", "llm", "message", "llm", "end",
    ]]),
    "chat_observations.json": ("chat-observations", [["message", *ASKED, "llm", "say"]]),
    "mcp.jsonl": ("mcp", [[
        "call bills", "result bills", "call pay", "fail pay", "call resources/read", "fail resources/read", "ask",
    ]]),
    "process.xes": ("xes", [["call check bill", "result check bill", "call pay", "result pay"], ["call pay", "fail pay"]]),
    "process.csv": ("csv", [
        ["call check bill", "result check bill", "call pay", "result pay"], ["call check bill", "result check bill"],
    ]),
}  # fmt: skip


def read(path: Path, **options: Any) -> tuple[list[Trace], list[Problem]]:
    items = list(read_traces([path], **options))
    return [i for i in items if isinstance(i, Trace)], [i for i in items if isinstance(i, Problem)]


def shown(events: tuple[Event, ...]) -> list[str]:
    return [f"{e.kind} {e.tool}" if e.tool else e.kind for e in events]


def test_every_sample_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(p.name for p in SAMPLES.iterdir())


@pytest.mark.parametrize("name", EXPECTED)
def test_what_a_sample_holds(name: str) -> None:
    traces, problems = read(SAMPLES / name)
    assert problems == []
    assert [shown(t.events) for t in traces] == EXPECTED[name][1]
    assert {t.format for t in traces} == {EXPECTED[name][0]}
    assert all(t.losses == () for t in traces)
    assert name in ("native.wftrace.jsonl", "openai.jsonl", "guard_log.jsonl") or all(
        t.completeness.get("approve") == "absent" for t in traces
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_every_event_leads_back_to_its_place(name: str) -> None:
    lines = (SAMPLES / name).read_text().split("\n")
    for event in (e for t in read(SAMPLES / name)[0] for e in t.events):
        assert event.source is not None
        assert 1 <= event.source.line <= len(lines)
        if not name.endswith((".xes", ".csv")):
            text = lines[event.source.line - 1] if name.endswith((".jsonl", ".events")) else "\n".join(lines)
            resolve(
                json.loads(text.removeprefix("<<<EVENT>>>").removesuffix("<<</EVENT>>>")),
                event.source.pointer,
            )


def resolve(value: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def test_arguments_and_results_of_a_call() -> None:
    for name in EXPECTED:
        calls = [e for t in read(SAMPLES / name)[0] for e in t.events if e.tool == "bills"]
        if calls and name not in ("otel_printed.jsonl", "openai_agents_state.json"):
            assert calls[0].arguments == {"month": "March"}, name
            assert calls[1].result in ("900 EUR", {"due": 900}), name
            assert calls[0].call == calls[1].call, name


def test_requested_and_executed_arguments_are_kept_apart() -> None:
    (trace,), _ = read(SAMPLES / "otlp_genai.jsonl")
    call = trace.events[3]
    assert call.args_requested == call.args_executed == {"month": "March"}
    assert trace.events[7].args_executed is None
    (trace,), _ = read(SAMPLES / "mcp.jsonl")
    assert trace.events[0].args_executed is None


def test_times_are_told_in_utc() -> None:
    for name, index, time in [
        ("otlp_genai.jsonl", 1, "2026-03-02T09:00:01Z"),
        ("google_adk.json", 0, "2026-03-02T09:00:00.100000Z"),
        ("agentspex_trace.jsonl", 1, "2026-03-02T09:00:00.500000Z"),
        ("claude_code.jsonl", 0, "2026-03-02T09:00:01.000Z"),
    ]:
        assert read(SAMPLES / name)[0][0].events[index].time == time


@pytest.mark.parametrize("name", EXPECTED)
def test_packed_files_and_standard_input(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (SAMPLES / name).read_bytes()
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(data))
    plain = read(SAMPLES / name)[0]
    assert [shown(t.events) for t in read(packed)[0]] == [shown(t.events) for t in plain]
    raw = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    items = [i for i in read_traces(["-"]) if isinstance(i, Trace)]
    assert [shown(t.events) for t in items] == [shown(t.events) for t in plain]


def test_a_folder_is_a_fleet() -> None:
    traces, problems = read(SAMPLES)
    assert problems == []
    assert len(traces) == sum(len(runs) for _, runs in EXPECTED.values())


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def splice(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return (
        data[:at]
        + dice.choice([b"", b"}", b"\x00", b'"', b"null", b"\xff", b"[" * 200, b"9" * 400])
        + data[at + dice.randrange(30) :]
    )


def lines_moved(data: bytes, dice: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(3):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines.insert(one, lines[other])
        case _:
            del lines[one]
    return b"\n".join(lines)


WRONG: list[Any] = [
    None,
    0,
    -1,
    1e300,
    "",
    "x",
    "user",
    [],
    [[]],
    {},
    {"role": 3},
    True,
    10**40,
    ["a"],
    {"type": "text"},
]


def wrong_type(data: bytes, dice: random.Random) -> bytes:
    """Somewhere in one JSON value of the file something of another kind, or twice, or gone."""
    lines = data.decode().split("\n") if data.count(b"\n{") or data[:1] == b"<" else [data.decode()]
    at = dice.randrange(len(lines))
    head = "<<<EVENT>>>" if lines[at].startswith("<<<EVENT>>>") else ""
    try:
        value = json.loads(lines[at].removeprefix(head).removesuffix(head.replace("<<<", "<<</")))
    except ValueError:
        return splice(data, dice)
    places = list(walk(value))
    if not places:
        return b"[]"
    holder, key = dice.choice(places)
    match dice.randrange(4):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.append(holder[key])
        case _:
            holder[key] = dice.choice(WRONG)
    lines[at] = head + json.dumps(value) + head.replace("<<<", "<<</")
    return "\n".join(lines).encode()


def walk(value: Any) -> Any:
    for key, item in list(
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield value, key
        yield from walk(item)


@pytest.mark.parametrize("name", EXPECTED)
def test_every_mutation_ends_in_events_or_a_located_error(name: str, tmp_path: Path) -> None:
    data = (SAMPLES / name).read_bytes()
    dice = random.Random(name)
    kinds: list[Callable[[bytes, random.Random], bytes]] = [
        cut,
        splice,
        lines_moved,
        wrong_type,
        wrong_type,
        wrong_type,
    ]
    path = tmp_path / name
    for _ in range(MUTATIONS):
        mutated = dice.choice(kinds)(data, dice)
        path.write_bytes(mutated)
        judge(path, mutated)


def judge(path: Path, data: bytes) -> None:
    strict, problems = read(path)
    lenient, skips = read(path, lenient=True)
    assert strict or problems, data
    assert len(lenient) >= len(strict), data
    assert len(skips) >= len([p for p in problems if p.severity.value == "error"]), data
    for problem in problems:
        assert problem.line is not None or problem.code in ("WF701", "WF711", "WF713"), data
        assert "`" not in problem.message.replace("`", "", 2) or problem.message.count("`") % 2 == 0
    for trace in lenient:
        assert [e.seq for e in trace.events] == sorted({e.seq for e in trace.events}), data
        calls = [e.call for e in trace.events if e.kind == "call" and e.call is not None]
        assert len(calls) == len(set(calls)), data
        assert all(e.source is not None and e.source.line >= 1 for e in trace.events)
        assert all(e.tool for e in trace.events if e.kind in ("call", "result", "fail")), data
    if any(p.severity.value == "error" for p in skips):
        assert not lenient or len(lenient) > len(strict) or any(t.losses for t in lenient) or len(skips) > 0


def test_zstd_needs_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.jsonl.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(20))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (problem,) = read(path)[1]
    assert problem.code == "WF713"
    assert "extra `zstd`" in problem.message


def test_zstd(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard", reason="the extra `zstd` is not installed")
    data = zstandard.ZstdCompressor().compress((SAMPLES / "openai.jsonl").read_bytes())
    path = tmp_path / "run.jsonl.zst"
    path.write_bytes(data + data)
    assert [shown(t.events) for t in read(path)[0]] == EXPECTED["openai.jsonl"][1] * 2
    for broken in (data[:-20], data[:30] + b"\xff" * 20, data + b"rest"):
        path.write_bytes(broken)
        assert [p.code for p in read(path)[1]] == ["WF713"]
