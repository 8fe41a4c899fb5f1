"""Evidence in files: how runs are paired, what snapshots say, and that nothing unreadable is passed over."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

import wfcheck
from wfcheck.checker.evidence.reading import gather
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.cli.main import main

SPEC = (
    "tool send(to: any)\ntool save(key: any, value: any)\npolicy p { once: limit count(send) <= 1 per run }\n"
)
BINDING = {"tool": "save", "at": ["notes", "$key"], "value": "$value"}


def chat(calls: list[tuple[str, dict[str, Any]]]) -> str:
    messages: list[dict[str, Any]] = []
    for number, (tool, arguments) in enumerate(calls):
        asked = {"id": f"c{number}", "function": {"name": tool, "arguments": arguments}}
        messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
        messages.append({"role": "tool", "tool_call_id": f"c{number}", "content": "ok"})
    return json.dumps({"messages": messages})


def named(name: str, calls: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    for number, (tool, arguments) in enumerate(calls):
        shared = {"trace": name, "tool": tool, "call": f"c{number}"}
        events.append({**shared, "kind": "call", "args_requested": arguments, "seq": 2 * number})
        events.append({**shared, "kind": "result", "result": "ok", "seq": 2 * number + 1})
    return events


def wftrace(runs: dict[str, list[tuple[str, dict[str, Any]]]]) -> str:
    head = {"format": "wftrace", "version": 1}
    lines = [head, *(event for name, calls in runs.items() for event in named(name, calls))]
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.wf").write_text(SPEC)
    return tmp_path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        stem, _, ending = name.rpartition("_")
        (folder / f"{stem}.{ending}").write_text(text)


def replayed(*evidence: str, trace: str = "run.json") -> ReplayReport:
    return wfcheck.replay("spec.wf", trace, evidence=evidence)


def kinds(report: ReplayReport) -> list[str]:
    return [d.kind for d in report.disagreements]


def codes(report: ReplayReport) -> list[tuple[str, str]]:
    return [(d.code, d.severity.value) for d in report.diagnostics]


SEND: tuple[str, dict[str, Any]] = ("send", {"to": "vera"})
ROWS = "case,activity,to\n1,send,vera\n"


def test_one_run_and_one_log_are_a_pair(folder: Path) -> None:
    write(folder, run_json=chat([SEND]), log_csv=ROWS, more_csv=ROWS + "1,send,mallory\n")
    assert replayed("log.csv").exit_code == 0
    report = replayed("more.csv")
    assert (kinds(report), report.exit_code) == (["hidden"], 1)
    assert [r.verdict for r in report.results] == ["violated"]


def test_a_disagreement_exits_with_1_though_no_rule_is_broken(folder: Path) -> None:
    write(folder, run_json=chat([SEND]), log_csv="case,activity,to\n1,send,mallory\n")
    report = replayed("log.csv")
    assert [r.verdict for r in report.results] == ["insufficient"]
    assert (report.exit_code, report.summary["disagreements"]) == (1, 1)
    assert report.json()["disagreements"][0]["name"] == "to"


def test_runs_of_one_name_are_pairs_and_a_run_that_a_log_leaves_out_did_nothing_there(folder: Path) -> None:
    runs = wftrace({"x": [SEND], "y": [SEND]})
    write(
        folder,
        run_jsonl=runs,
        log_csv="case,activity,to\ny,send,vera\n",
        other_csv="case,activity,to\nx,send,vera\ny,send,vera\n",
    )
    assert kinds(replayed("other.csv", trace="run.jsonl")) == []
    both = wftrace({"x": [], "y": [SEND]})
    (folder / "log.jsonl").write_text(both)
    report = replayed("log.jsonl", trace="run.jsonl")
    assert [(d.kind, d.trace) for d in report.disagreements] == [("not-done", "run.jsonl#x")]


def test_evidence_of_no_run_is_an_error(folder: Path) -> None:
    write(folder, run_jsonl=wftrace({"x": [SEND], "y": [SEND]}), log_csv=ROWS)
    report = replayed("log.csv", trace="run.jsonl")
    assert ("WF719", "error") in codes(report)
    assert report.exit_code == 2


def test_other_runs_of_a_log_are_warned_about(folder: Path) -> None:
    write(folder, run_jsonl=wftrace({"x": [SEND]}), log_csv="case,activity,to\nx,send,vera\nz,send,vera\n")
    report = replayed("log.csv", trace="run.jsonl")
    assert codes(report) == [("WF719", "warning")]
    assert report.exit_code == 0


def snapshot(folder: Path, state: Any, before: Any = None, writes: Any = (BINDING,), **more: Any) -> None:
    value = {"format": "wfsnapshot", "version": 1, "state": state, "writes": list(writes), **more}
    (folder / "end.json").write_text(json.dumps(value if before is None else {**value, "before": before}))


def save(key: str, value: str) -> tuple[str, dict[str, Any]]:
    return "save", {"key": key, "value": value}


@pytest.mark.parametrize(
    ("calls", "state", "before", "found"),
    [
        ([save("a", "1")], {"notes": {"a": "1"}}, None, []),
        ([save("a", "1")], {"notes": {"a": "2"}}, None, ["state"]),
        ([save("a", "1")], {"notes": {}}, None, ["state"]),
        ([save("a", "1")], {}, None, ["state"]),
        ([save("a", "1"), save("a", "2")], {"notes": {"a": "2"}}, None, []),
        ([save("a", "2"), save("a", "1")], {"notes": {"a": "2"}}, None, ["state"]),
        ([], {"notes": {"a": "2"}}, None, []),
        ([], {"notes": {"a": "2"}}, {"notes": {"a": "1"}}, ["changed"]),
        ([save("a", "2")], {"notes": {"a": "2"}}, {"notes": {"a": "1"}}, []),
        ([save("a", "2")], {"notes": {"a": "2", "b": "1"}}, {"notes": {"a": "1"}}, ["changed"]),
        ([save("b", "2")], {"notes": {"b": "2"}}, {"notes": {"a": "1"}}, ["changed"]),
    ],
)
def test_the_end_against_the_writes(
    folder: Path, calls: Any, state: Any, before: Any, found: list[str]
) -> None:
    (folder / "run.json").write_text(chat(calls))
    snapshot(folder, state, before)
    assert kinds(replayed("end.json")) == found


def test_what_is_removed_is_gone(folder: Path) -> None:
    (folder / "run.json").write_text(chat([save("a", "1"), SEND]))
    gone = {"tool": "send", "at": ["notes", "a"], "removes": True}
    snapshot(folder, {"notes": {}}, writes=[BINDING, gone])
    assert kinds(replayed("end.json")) == []
    snapshot(folder, {"notes": {"a": "1"}}, writes=[BINDING, gone])
    assert kinds(replayed("end.json")) == ["state"]


def test_a_manifest_says_how_to_read(folder: Path) -> None:
    (folder / "run.json").write_text(chat([SEND]))
    (folder / "audit").mkdir()
    (folder / "audit/log.csv").write_text("case,activity,to,id\n1,POST /send,vera,m1\n")
    entry = 'file = "log.csv"\ncovers = ["send"]\ntools = { "POST /send" = "send" }\n'
    (folder / "audit/evidence.toml").write_text(f'[[log]]\n{entry}ignore = ["id"]\n')
    assert kinds(replayed("audit/evidence.toml")) == []
    (folder / "audit/evidence.toml").write_text(f"[[log]]\n{entry}")
    assert kinds(replayed("audit/evidence.toml")) == ["arguments"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evidence.toml", "[[log]]\n"),
        ("evidence.toml", "[[log]\n"),
        ("evidence.toml", '[[log]]\nfile = "x.csv"\nsecret = 1\n'),
        ("evidence.toml", "a = " + "[" * 5000),
        ("absent.toml", ""),
        ("end.json", '{"format": "wfsnapshot", "version": 1, "state": 3}'),
        ("end.json", '{"format": "wfsnapshot", "version": 1}'),
        ("end.json", '{"format": "wfsnapshot", "version": 1, "state": ' + '{"a":' * 5000),
        ("end.json", '{"format": "wfsnapshot", "version": 1, "state": {}, "writes": [{"tool": 1}]}'),
    ],
)
def test_what_is_no_evidence_is_an_error(folder: Path, name: str, text: str) -> None:
    (folder / "run.json").write_text(chat([SEND]))
    if text:
        (folder / name).write_text(text)
    report = replayed(name)
    assert ("WF718", "error") in codes(report)
    assert report.exit_code == 2


def test_a_log_that_cannot_be_read_is_an_error(folder: Path) -> None:
    write(folder, run_json=chat([SEND]), log_csv="case,activity,to\n1,send\n")
    assert replayed("log.csv").exit_code == 2
    assert replayed("absent.csv").exit_code == 2


def test_mutations_end_in_a_report(folder: Path) -> None:
    snapshot(folder, {"notes": {"a": "1"}}, {"notes": {}})
    (folder / "run.json").write_text(chat([save("a", "1")]))
    manifest = '[[log]]\nfile = "log.csv"\ncovers = ["send"]\n[[snapshot]]\nfile = "end.json"\n'
    (folder / "log.csv").write_text(ROWS)
    whole = {"end.json": (folder / "end.json").read_bytes(), "evidence.toml": manifest.encode()}
    rolled = random.Random(5)
    for _ in range(300):
        name = rolled.choice(list(whole))
        data = bytearray(whole[name])
        for _ in range(rolled.randint(1, 3)):
            place = rolled.randrange(len(data))
            data[place : place + rolled.randint(0, 4)] = rolled.randbytes(rolled.randint(0, 3))
        (folder / name).write_bytes(bytes(data))
        for found in (gather([name]), gather(["end.json"])):
            assert found.logs or found.snapshots or found.problems
        (folder / "end.json").write_bytes(whole["end.json"])


def test_hostile_values_are_shown_inert(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[31m\u202evera"
    write(folder, run_json=chat([SEND]), log_csv=f'case,activity,to\n1,send,"{evil}"\n')
    snapshot(folder, {"notes": {evil: evil}}, {"notes": {}})
    assert main(["replay", "spec.wf", "run.json", "--evidence", "log.csv", "--evidence", "end.json"]) == 1
    out = capsys.readouterr().out
    assert "records that disagree:" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_known_causes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(folder, run_json=chat([SEND, SEND]), other_json=chat([SEND, SEND, SEND]))
    assert main(["replay", "spec.wf", "run.json", "--output-format", "json", "--output", "old.json"]) == 1
    old = json.loads((folder / "old.json").read_text())
    assert "known" not in old["causes"][0]
    assert main(["replay", "spec.wf", "other.json", "--known", "old.json", "--output-format", "json"]) == 1
    new = json.loads(capsys.readouterr().out)
    assert new["causes"][0]["signature"] == old["causes"][0]["signature"]
    assert new["causes"][0]["known"] is True
    (folder / "spec.wf").write_text(SPEC.replace("once:", "single:"))
    assert main(["replay", "spec.wf", "run.json", "--known", "old.json"]) == 1
    out = capsys.readouterr().out
    assert "signature" in out
    assert " new " in out
    assert main(["replay", "spec.wf", "run.json", "--known", "spec.wf"]) == 2


@pytest.mark.parametrize("form", ["sarif", "junit", "github", "gitlab"])
def test_machine_formats_have_the_disagreements(
    folder: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, run_json=chat([SEND]), log_csv=ROWS + "1,save,mallory\n")
    assert main(["replay", "spec.wf", "run.json", "--evidence", "log.csv", "--output-format", form]) == 1
    assert "evidence.hidden" in capsys.readouterr().out


def test_what_does_not_go_with_evidence_is_refused(folder: Path) -> None:
    write(folder, run_json=chat([SEND]), log_csv=ROWS)
    assert main(["replay", "spec.wf", "run.json", "--evidence", "log.csv", "--resume", "state"]) == 2
    assert not (folder / "state").exists()
    both = ["replay", "spec.wf", "run.json", "--evidence", "log.csv", "--jobs"]
    assert (main([*both, "2"]), main([*both, "1"])) == (2, 0)


@pytest.mark.parametrize("empty", ["", '{"format": "wftrace", "version": 1}\n', "case,activity,time,to\n"])
def test_a_complete_log_without_any_record_says_that_nothing_was_done(folder: Path, empty: str) -> None:
    write(folder, run_json=chat([("send", {"to": "a"})]), service_csv=empty)
    (folder / "m.toml").write_text('[[log]]\nfile = "service.csv"\ncovers = ["send"]\n')
    assert [d.kind for d in replayed("m.toml").disagreements] == ["not-done"]
    (folder / "m.toml").write_text('[[log]]\nfile = "service.csv"\ncovers = ["save"]\n')
    assert replayed("m.toml").disagreements == ()


@pytest.mark.parametrize("covers", ["send", "POST /send"])
def test_what_a_log_has_of_a_named_tool_counts_covered_or_not(folder: Path, covers: str) -> None:
    write(folder, run_json=chat([("send", {"to": "a"})]))
    calls = [("POST /send", {"to": "a"}), ("POST /send", {"to": "b"})]
    (folder / "log.wftrace.jsonl").write_text(wftrace({"": calls}))
    text = (
        f'[[log]]\nfile = "log.wftrace.jsonl"\ncovers = ["{covers}"]\ntools = {{ "POST /send" = "send" }}\n'
    )
    (folder / "m.toml").write_text(text)
    report = replayed("m.toml")
    assert [d.kind for d in report.disagreements] == ["hidden"]
    assert [r.verdict for r in report.results] == ["violated"]


def test_calls_of_a_log_that_are_not_looked_at_are_told(folder: Path) -> None:
    write(folder, run_json=chat([("send", {"to": "a"})]))
    (folder / "log.wftrace.jsonl").write_text(wftrace({"": [("send", {"to": "a"}), ("pay", {"to": "b"})]}))
    (folder / "m.toml").write_text('[[log]]\nfile = "log.wftrace.jsonl"\ncovers = ["send"]\n')
    assert any("`pay`" in d.message for d in replayed("m.toml").diagnostics)
