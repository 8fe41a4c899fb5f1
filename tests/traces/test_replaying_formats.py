"""Rules over traces of other formats: a breach leads back to its place, and what a format hides is never said to hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.checker.replay.result import ReplayResult
from wfcheck.checker.replay.run import replay
from wfcheck.dsl.core import Program
from wfcheck.dsl.elaboration.elaborate import load

SAMPLES = Path(__file__).parent / "samples"
SPEC = """
influence web
tool bills(month: text) -> text { effect read  emits nothing  returns {web} }
tool mail(to: text) -> text { effect write  emits nothing  returns {} }
tool pay(amount: int) -> text { effect irreversible  emits nothing  returns {} }
policy p {
  month: require bills.month from only {user}
  secret: forbid flow web -> mail.to
  no_bills: forbid bills
  order: require bills before mail
  quiet: forbid say
  approved: require approve before pay
}
"""
SPANS = ("otlp_genai.jsonl", "openinference.jsonl", "langsmith.jsonl", "langfuse.json", "openai_agents.jsonl")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    path = tmp_path_factory.mktemp("spec") / "p.wf"
    path.write_text(SPEC)
    made, diagnostics = load([path], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return made


def results(program: Program, path: Path) -> dict[str, ReplayResult]:
    report = replay(program, [path])
    assert not [d for d in report.diagnostics if d.severity.value == "error"]
    return {r.rule: r for r in report.results}


@pytest.mark.parametrize("name", SPANS)
def test_a_breach_leads_back_to_the_span(program: Program, name: str) -> None:
    found = results(program, SAMPLES / name)
    assert (found["p.no_bills"].verdict, found["p.month"].verdict) == ("violated", "violated")
    assert found["p.quiet"].verdict == "violated"
    mark = found["p.no_bills"].manifestation
    assert mark is not None
    assert mark.source is not None
    lines = (SAMPLES / name).read_text().split("\n")
    text = lines[mark.source.line - 1] if name.endswith("l") else "\n".join(lines)
    value = json.loads(text)
    for part in mark.source.pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    assert "bills" in json.dumps(value)


def test_what_mcp_hides_is_not_said_to_hold(program: Program) -> None:
    found = results(program, SAMPLES / "mcp.jsonl")
    assert found["p.no_bills"].verdict == "violated"
    assert {found[r].verdict for r in ("p.month", "p.quiet", "p.approved")} == {"insufficient"}


def test_formats_that_hide_approvals_do_not_settle_whether_there_was_one(program: Program) -> None:
    for path in SAMPLES.iterdir():
        if not path.name.startswith(("native", "openai.", "guard_log")):
            for result in replay(program, [path], rules=["p.approved"]).results:
                assert result.verdict in ("insufficient", "not-applicable"), path
    native = replay(program, [SAMPLES / "native.wftrace.jsonl"], rules=["p.approved"]).results
    assert [r.verdict for r in native] == ["violated", "holds"]
    (guarded,) = replay(program, [SAMPLES / "guard_log.jsonl"], rules=["p.approved"]).results
    assert guarded.verdict == "holds"
    talk = replay(program, [SAMPLES / "openai.jsonl"], rules=["p.approved"]).results
    assert {r.verdict for r in talk} <= {"violated", "not-applicable"}


def test_a_flow_is_not_judged_where_results_were_not_recorded(program: Program, tmp_path: Path) -> None:
    assert results(program, SAMPLES / "langfuse.json")["p.secret"].verdict == "holds"
    value = json.loads((SAMPLES / "langfuse.json").read_text())
    for observation in value["observations"]:
        if observation["name"] == "bills":
            observation["output"] = None
    path = tmp_path / "run.json"
    path.write_text(json.dumps(value))
    assert results(program, path)["p.secret"].verdict == "insufficient"


def test_a_line_that_was_lost_makes_nothing_hold(program: Program, tmp_path: Path) -> None:
    lines = (SAMPLES / "openai_agents.jsonl").read_text().split("\n")
    path = tmp_path / "run.jsonl"
    path.write_text("\n".join([*lines[:3], lines[3][:40], *lines[4:]]))
    found = {r.rule: r.verdict for r in replay(program, [path], lenient=True).results}
    assert "holds" not in found.values()


def test_what_a_host_tells_the_model_first_is_no_act(tmp_path: Path) -> None:
    spec, trace = tmp_path / "w.wf", tmp_path / "run.json"
    spec.write_text(
        "tool find(q: text) -> text { effect read  emits nothing  returns {} }\n"
        "workflow w(q: text from {user}) { agent work(q) may { find, say } max 3 steps }\n"
    )
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": '{"q": "x"}'}}
    messages = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "look for x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "found"},
        {"role": "assistant", "content": "here it is"},
    ]
    trace.write_text(json.dumps(messages))
    made, diagnostics = load([spec], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    assert replay(made, [trace]).departures == ()
