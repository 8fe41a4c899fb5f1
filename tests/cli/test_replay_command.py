from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

import wfcheck
from wfcheck.cli.main import main

pytestmark = pytest.mark.usefixtures("folder")
QUIET = ["--rule", "privacy.quiet"]


def replay_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["replay", *words, "--output-format", "json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    made: dict[str, Any] = json.loads(shown.out)
    return code, made


def test_runs_that_hold_exit_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, made = replay_json(capsys, "safe.wf", "good.jsonl", *QUIET)
    assert code == 0
    assert [(r["trace"], r["verdict"]) for r in made["results"]] == [
        ("good.jsonl#1", "holds"),
        ("good.jsonl#2", "holds"),
    ]


def test_a_run_that_breaks_a_rule_exits_with_1_and_names_the_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, made = replay_json(capsys, "safe.wf", "good.jsonl", "bad.jsonl", *QUIET)
    assert code == 1
    assert made["schema"] == "wfcheck.replay/1"
    keys = {"results", "near_misses", "undeclared", "skipped", "diagnostics", "summary", "causes", "schema"}
    assert set(made) == keys | {"departures", "by_annotation", "disagreements"}
    (broken,) = [r for r in made["results"] if r["verdict"] == "violated"]
    assert broken["trace"] == "bad.jsonl#2"
    source = {"file": "bad.jsonl", "line": 2, "pointer": "/messages/3/tool_calls/0"}
    assert broken["manifestation"]["source"] == source
    left = {"file": "bad.jsonl", "line": 2, "pointer": "/messages/1/tool_calls/0"}
    assert broken["blame"]["source"] == left
    assert broken["blame"]["why"].startswith(
        "`read_notes` is missing and approval missing and `body` of `post` differs"
    )
    assert made["causes"][0]["traces"] == 1
    assert made["causes"][0]["first"] == "bad.jsonl#2"


def test_the_text_has_a_line_per_run_and_a_table_of_causes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "safe.wf", "*.jsonl", *QUIET]) == 1
    shown = capsys.readouterr().out
    assert "good.jsonl#1: 1 hold\n" in shown
    assert "bad.jsonl#2: 1 violated\n" in shown
    assert "bad.jsonl:2 /messages/3/tool_calls/0" in shown
    assert "causes:\n" in shown
    assert shown.rstrip().split("\n")[-1].startswith("4 runs, ")


@pytest.mark.parametrize("form", ["sarif", "github", "gitlab", "junit"])
def test_machine_formats_are_written(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "safe.wf", "bad.jsonl", *QUIET, "--output-format", form]) == 1
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "bad.jsonl" in shown.out
    assert "privacy.quiet" in shown.out


def test_bad_traces_exit_with_2_and_the_others_are_still_replayed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.jsonl").write_text('{"messages": [\n' + (folder / "good.jsonl").read_text())
    code, made = replay_json(capsys, "safe.wf", "broken.jsonl", "bad.jsonl", "missing.jsonl", *QUIET)
    assert code == 2
    assert {d["code"] for d in made["diagnostics"]} == {"WF703", "WF701"}
    assert {r["trace"] for r in made["results"]} >= {"bad.jsonl#1", "bad.jsonl#2"}
    code, made = replay_json(capsys, "safe.wf", "broken.jsonl", *QUIET, "--lenient")
    assert code in (1, 3)
    assert [s["code"] for s in made["skipped"]] == ["WF703"]


def test_a_bad_spec_is_reported_in_the_format_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.wf").write_text("tool tool\n")
    code, made = replay_json(capsys, "broken.wf", "good.jsonl")
    assert code == 2
    assert made["results"] == []
    assert made["diagnostics"][0]["code"] in ("WF101", "WF102")


def test_a_glob_that_matches_no_rule_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    code, made = replay_json(capsys, "safe.wf", "good.jsonl", "--rule", "privacy.quit")
    assert code == 2
    assert made["diagnostics"][0]["code"] == "WF806"


def test_standard_input_is_a_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Path("bad.jsonl").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    code, made = replay_json(capsys, "safe.wf", "-", *QUIET)
    assert code == 1
    assert len(made["results"]) == 2


def test_hostile_text_in_a_trace_stays_inert(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    hostile = "secret\x1b[2J\r\n::error::\u202e"
    text = (
        (folder / "safe.wf")
        .read_text()
        .replace('forbid post(body: "secret")', 'forbid post(body: like "secret*")')
    )
    (folder / "like.wf").write_text(text)
    call = {"id": "\x1b]0;", "function": {"name": "post", "arguments": json.dumps({"body": hostile})}}
    run = {"messages": [{"role": "assistant", "content": hostile, "tool_calls": [call]}]}
    (folder / "hostile\x1b.jsonl").write_text(json.dumps(run))
    for form in ("text", "json", "sarif", "github", "gitlab", "junit"):
        assert main(["replay", "like.wf", "hostile*.jsonl", *QUIET, "--output-format", form]) == 1
        shown = capsys.readouterr().out
        assert shown
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", shown)


def test_the_python_api_gives_the_same_report() -> None:
    run = wfcheck.replay("safe.wf", ["good.jsonl", Path("bad.jsonl")], rule="privacy.quiet")
    assert [r.verdict for r in run.results] == ["holds", "holds", "holds", "violated"]
    assert not run.ok
    spec = wfcheck.load("safe.wf")
    assert wfcheck.replay(spec, "good.jsonl", rule="privacy.quiet").ok
    with pytest.raises(wfcheck.WfError):
        wfcheck.replay("missing.wf", "good.jsonl")


def test_blocks_of_tests_are_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", "safe.wf"]) == 0
    assert capsys.readouterr().out == "passed     a post  (safe.wf)\n1 expectation: 1 passed\n"
    text = (folder / "safe.wf").read_text()
    (folder / "wrong.wf").write_text(text.replace("privacy.quiet at 2", "privacy.quiet at 1"))
    assert main(["test", "wrong.wf"]) == 1
    shown = capsys.readouterr().out
    assert "failed     a post  (wrong.wf)" in shown
    assert "privacy.quiet: violated at 2" in shown
    (folder / "later.wf").write_text(
        text.replace("expect violated privacy.quiet at 2", "expect blocked privacy.quiet at 2")
    )
    assert main(["test", "later.wf", "--output-format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert result["outcome"] == "passed"
    assert main(["test", "missing.wf", "--output-format", "junit"]) == 2


def test_graphs_are_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "safe.wf"]) == 0
    assert capsys.readouterr().out.startswith('digraph "publish" {')
    for form, start in (("mermaid", "flowchart"), ("json", "{")):
        assert main(["graph", "safe.wf", "--output-format", form]) == 0
        assert capsys.readouterr().out.startswith(start)
    assert main(["graph", "safe.wf", "-o", "out.mmd"]) == 0
    assert (folder / "out.mmd").read_text().startswith("flowchart")
    assert main(["graph", "safe.wf", "--output-format", "png"]) == 2
    assert main(["graph", "safe.wf", "--workflow", "publsh"]) == 2
    assert main(["graph", "safe.wf", "-o", "no/where.dot"]) == 2
    assert "error[WF8" in capsys.readouterr().err


def test_broken_assumptions_are_blamed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = """tool pay(a: int) -> int { effect irreversible  ensures paid: result == a }
test "paid less" {
  call pay(a: 1) -> 1
  call pay(a: 2) -> 0
  expect blame pay.paid at 1
  expect ok
}
"""
    (folder / "blame.wf").write_text(spec)
    assert main(["test", "blame.wf"]) == 0
    (folder / "blame.wf").write_text(spec.replace("pay.paid at 1", "pay.paid at 0"))
    assert main(["test", "blame.wf"]) == 1
    assert "broken assumptions: pay.paid at 1" in capsys.readouterr().out


def test_a_tool_that_two_files_declare_is_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    code, made = replay_json(capsys, ".", "bad.jsonl", *QUIET)
    assert code == 2
    assert {r["rule"] for r in made["results"]} == {"privacy.quiet"}
    assert [d["code"] for d in made["diagnostics"]] == ["WF715"]
    assert made["diagnostics"][0]["notes"] == ["declared at leak.wf:8", "declared at safe.wf:8"]
