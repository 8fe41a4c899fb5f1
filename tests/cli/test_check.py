from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

import wfcheck
from wfcheck.checker import pipeline
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.cli.main import main
from wfcheck.dsl.source import Span

pytestmark = pytest.mark.usefixtures("folder")
FLOW = ["--rule", "privacy.no_leak"]


def check_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", *words, "--output-format", "json"])
    shown = capsys.readouterr()
    assert shown.err == ""
    made: dict[str, Any] = json.loads(shown.out)
    return code, made


def test_what_holds_exits_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, made = check_json(capsys, "safe.wf", *FLOW)
    assert code == 0
    (result,) = made["results"]
    assert (result["verdict"], result["rule"], result["workflow"]) == ("PROVED", "privacy.no_leak", "publish")
    assert (result["file"], result["span"]["line"], result["severity"]) == ("safe.wf", 19, "critical")
    assert made["diagnostics"] == []


def test_what_does_not_hold_exits_with_1_and_shows_path_and_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, made = check_json(capsys, "leak.wf", *FLOW)
    assert code == 1
    (result,) = made["results"]
    assert result["verdict"] == "VIOLATED"
    assert result["path"][0]["edge"] == "source"
    assert result["path"][-1]["edge"] == "sink"
    lines = [step["span"]["line"] for step in result["path"]]
    assert lines[0] == 11
    assert lines[-1] == 13
    witness = result["witness"]
    assert witness["events"][witness["index"]]["tool"] == "post"


def test_the_text_names_the_steps_with_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "leak.wf", *FLOW]) == 1
    shown = capsys.readouterr()
    assert "VIOLATED       privacy.no_leak [critical] leak.wf:19:3" in shown.out
    assert "Notes stay inside." in shown.out
    assert "leak.wf:11:" in shown.out
    assert "a run that breaks it at event" in shown.out
    assert shown.err == ""


def test_bad_files_exit_with_2_and_the_others_are_still_checked(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.wf").write_text("tool tool x\n")
    (folder / "binary.wf").write_bytes(b"\x00")
    code, made = check_json(capsys, "broken.wf", "missing.wf", "binary.wf", "safe.wf")
    assert code == 2
    assert {d["code"] for d in made["diagnostics"]} >= {"WF101", "WF001", "WF005"}
    assert any(r["rule"] == "privacy.no_leak" for r in made["results"])
    assert made["summary"]["errors"] == 3


def test_nothing_is_proved_over_a_broken_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / "leak.wf").read_text()
    (folder / "typo.wf").write_text(text.replace("returns {secret}", "returns {secrt}"))
    (folder / "tools.wf").write_text(
        "secrecy secret\ntool fetch() -> text { effect read  returns {secrt} }\n"
    )
    (folder / "imports.wf").write_text(
        'import "tools.wf" (fetch)\n\nworkflow w() { fetch() }\n\npolicy p {\n  none: forbid say\n}\n'
    )
    code, made = check_json(capsys, "safe.wf", "typo.wf", "./imports.wf", *FLOW, "--rule", "p.none")
    assert code == 2
    verdicts = {(r["file"], r["rule"]): r["verdict"] for r in made["results"]}
    assert verdicts["safe.wf", "privacy.no_leak"] == "PROVED"
    assert verdicts["typo.wf", "privacy.no_leak"] == "UNKNOWN"
    assert verdicts["imports.wf", "p.none"] == "UNKNOWN"


def test_the_current_folder_is_the_default(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "leak.wf").unlink()
    _, made = check_json(capsys, *FLOW)
    assert [r["file"] for r in made["results"]] == ["safe.wf"]


def test_rules_of_another_file_apply_with_policy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "org").mkdir()
    (folder / "org" / "rules.wf").write_text(
        'import "../safe.wf" as spec\n\npolicy org {\n  hush: forbid spec.post\n}\n'
    )
    _, made = check_json(capsys, "safe.wf", "--policy", "org/rules.wf", "--rule", "org.*")
    assert [r["rule"] for r in made["results"]] == ["org.hush"]


def test_globs_choose_rules(capsys: pytest.CaptureFixture[str]) -> None:
    _, made = check_json(capsys, "safe.wf", "--rule", "*leak", "--rule", "builtin.cl*")
    assert {r["rule"] for r in made["results"]} <= {"privacy.no_leak", "builtin.clearance"}


@pytest.mark.parametrize("words", [["--rule", "privacy.no_leek"], ["--workflow", "publsh"]])
def test_a_filter_that_selects_nothing_is_an_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "safe.wf", *words]) == 2
    shown = capsys.readouterr().out
    assert "error[WF806]" in shown
    assert "did you mean" in shown


def test_a_report_goes_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "leak.wf", *FLOW, "--output-format", "sarif", "--output", "out.sarif"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")
    assert json.loads((folder / "out.sarif").read_text())["version"] == "2.1.0"
    assert main(["check", "safe.wf", *FLOW, "--output", "no/where.txt"]) == 2
    assert "error[WF807]" in capsys.readouterr().err


def test_a_baseline_takes_known_findings_out_of_the_count(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "leak.wf", *FLOW, "--output-format", "json", "--output", "known.json"]) == 1
    code, made = check_json(capsys, "leak.wf", *FLOW, "--baseline", "known.json")
    assert code == 0
    assert made["results"][0]["known"] is True
    assert made["results"][0]["verdict"] == "VIOLATED"
    report = json.loads((folder / "known.json").read_text())
    report["results"][0]["verdict"] = "UNKNOWN"
    (folder / "known.json").write_text(json.dumps(report))
    assert check_json(capsys, "leak.wf", *FLOW, "--baseline", "known.json")[0] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        '{"results": 3}',
        '{"results": [{}]}',
        '{"results": [{"fingerprint": 1, "verdict": "VIOLATED"}]}',
        "[" * 100_000,
    ],
)
def test_a_baseline_that_is_none_is_an_error(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "known.json").write_text(text)
    assert main(["check", "leak.wf", "--baseline", "known.json"]) == 2
    assert "error[WF805]" in capsys.readouterr().err


def test_settings_come_from_the_configuration_and_the_command_line_wins(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "wfcheck.toml").write_text('output-format = "json"\nrule = ["privacy.no_leak"]\n')
    assert main(["check", "safe.wf"]) == 0
    assert [r["rule"] for r in json.loads(capsys.readouterr().out)["results"]] == ["privacy.no_leak"]
    assert main(["check", "safe.wf", "--output-format", "github", "--rule", "privacy.no_leak"]) == 0
    assert capsys.readouterr().out == ""


SPOT = Span("safe.wf", 0, 1, 1, 1, 1, 2)


def fake(monkeypatch: pytest.MonkeyPatch, *verdicts: Verdict) -> None:
    results = tuple(Result("safe.wf", "publish", f"p.{n}", v, SPOT, "low") for n, v in enumerate(verdicts))
    monkeypatch.setattr(pipeline, "check", lambda *_, **__: Report(results, ()))


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([], 0),
        (["PROVED", "ENFORCED", "NOT-APPLICABLE", "VACUOUS"], 0),
        (["PROVED", "UNKNOWN"], 3),
        (["POSSIBLE"], 3),
        (["BOUNDED"], 3),
        (["INCONSISTENT"], 3),
        (["UNKNOWN", "VIOLATED", "POSSIBLE"], 1),
    ],
)
def test_exit_codes(verdicts: list[str], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, *map(Verdict, verdicts))
    assert main(["check", "safe.wf"]) == code


def test_vacuous_rules_fail_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, Verdict.VACUOUS)
    assert main(["check", "safe.wf", "--fail-on", "vacuous"]) == 3
    fake(monkeypatch, Verdict.VACUOUS, Verdict.VIOLATED)
    assert main(["check", "safe.wf", "--fail-on", "vacuous"]) == 1


def test_a_defect_prints_what_was_found_and_exits_with_70(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Result("safe.wf", "publish", "p.one", Verdict.VIOLATED, SPOT, "low")

    def broken(*_: object, **__: object) -> Report:
        raise pipeline.DefectError(Report((found,), ()), (("p.two in publish", ZeroDivisionError("oops")),))

    monkeypatch.setattr(pipeline, "check", broken)
    assert main(["check", "safe.wf"]) == 70
    shown = capsys.readouterr()
    assert "VIOLATED       p.one" in shown.out
    assert "ZeroDivisionError: oops" in shown.err
    assert "while checking p.two in publish" in shown.err
    assert "Please report" in shown.err


def test_the_python_api_gives_the_same_report() -> None:
    report = wfcheck.check("leak.wf", rule="privacy.no_leak")
    assert [r.verdict for r in report.results] == [wfcheck.Verdict.VIOLATED]
    assert not report.ok
    with pytest.raises(wfcheck.ViolatedError) as caught:
        report.raise_for_violations()
    assert caught.value.results == report.results
    assert "VIOLATED privacy.no_leak in publish" in str(caught.value)
    assert wfcheck.check(Path("safe.wf"), rule=["privacy.no_leak"]).ok


def test_bad_input_does_not_raise_until_asked() -> None:
    report = wfcheck.check(["missing.wf"])
    assert not report.ok
    with pytest.raises(wfcheck.WfError) as caught:
        report.raise_for_violations()
    assert caught.value.diagnostics[0].code == "WF001"
    undecided = Report((attrs.evolve(Result("a", "w", "r", Verdict.UNKNOWN, SPOT, "low")),), ())
    with pytest.raises(wfcheck.UndecidedError):
        undecided.raise_for_violations()


def test_a_loaded_spec_has_typed_graphs(folder: Path) -> None:
    spec = wfcheck.load(folder / "safe.wf")
    graph = spec.workflows["publish"].graph
    assert graph.number_of_nodes() == len(spec.workflows["publish"].dag.nodes)
    assert any(data["kind"] == "approve" for _, data in graph.nodes(data=True))
    (folder / "broken.wf").write_text("tool tool")
    with pytest.raises(wfcheck.WfError) as caught:
        wfcheck.load("broken.wf")
    assert {d.code for d in caught.value.diagnostics} <= {"WF101", "WF102"}


def test_a_failure_over_bad_input_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = wfcheck.Diagnostic("WF401", "`x` may not be assigned here", SPOT)

    def broken(*_: object, **__: object) -> Report:
        raise pipeline.DefectError(Report((), (bad,)), (("p.two in publish", KeyError("x")),))

    monkeypatch.setattr(pipeline, "check", broken)
    assert main(["check", "safe.wf"]) == 2


@pytest.mark.parametrize("example", ["banking", "banking-unsafe"])
def test_two_runs_say_the_same(example: str) -> None:
    import os
    import subprocess
    import sys

    root = Path(__file__).resolve().parent.parent.parent

    def report(hash_seed: str) -> Any:
        command = [sys.executable, "-m", "wfcheck", "check", f"examples/{example}", "--output-format", "json"]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(command, capture_output=True, cwd=root, env=environment, check=False)
        made = json.loads(done.stdout)
        for result in made["results"]:
            del result["seconds"]
        return made

    assert report("1") == report("2")
