"""`wfcheck explain POLICY.RULE` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wfcheck.cli.main import main

SPEC = """secrecy secret
principal helper is agent { clears {secret} }
channel net clears {secret}
tool post(body: text) -> text { effect irreversible emits net returns {} }
workflow w(topic: text from {user}) as helper { post(body: topic) }
policy p {
  ## Not loud.
  quiet: forbid post(body: "a\\u001b[31mb")
  once:  limit count(post) <= 1 per run
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.wf").write_text(SPEC, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("words", [["p.quiet"], ["p.quiet", "a.wf"], ["quiet", "a.wf"], ["p.quiet", "."]])
def test_a_rule_is_found_here_or_where_it_is_said(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert main(["explain", *words]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("p.quiet  (a.wf:8:3, severity medium)\n  Not loud.\n")
    for title in (
        "in prose",
        "as a formula",
        "as a monitor",
        "what it stands for",
        "allowed run",
        "forbidden run",
    ):
        assert title in shown


def test_nothing_of_the_spec_reaches_the_terminal_raw(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    for form in ("text", "json"):
        assert main(["explain", "p.quiet", "--output-format", form]) == 0
        shown = capsys.readouterr().out
        assert "\x1b" not in shown
        assert "u001b[31mb" in shown


def test_json_has_every_key_and_the_runs_break_where_it_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert main(["explain", "p.once", "--output-format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {
        "schema", "version", "rule", "file", "span", "doc", "severity", "heuristic", "workflows", "not_applicable",
        "prose", "formula", "monitor", "expansions", "searched", "allowed", "forbidden",
    }  # fmt: skip
    assert found["schema"] == "wfcheck.explain/1"
    assert [e["kind"] for e in found["forbidden"]["events"]] == ["call", "call"]
    assert found["forbidden"]["index"] == 1
    assert found["forbidden"]["shortest"]
    assert [e["tool"] for e in found["allowed"]["events"]] == ["post"]


def test_pages_and_their_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "wf804", "--output-format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["text"].startswith("# WF804: ")
    assert main(["explain", "builtin.sight"]) == 0
    assert capsys.readouterr().out.startswith("# builtin.sight")
    assert main(["explain", "--output-format", "json"]) == 0
    names = [page["name"] for page in json.loads(capsys.readouterr().out)["pages"]]
    assert {"WF804", "builtin.sight", "VACUOUS"} <= set(names)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["p.quit"], "WF806"),
        (["quit", "a.wf"], "WF806"),
        (["quit"], "WF808"),
        (["p.quiet", "none.wf"], "WF001"),
    ],
)
def test_what_is_not_there_is_said(
    words: list[str], code: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del folder
    assert main(["explain", *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert code in shown.err


def test_a_spec_with_errors_is_not_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.wf").write_text(SPEC.replace("limit count(post)", "limit count(pst)"), encoding="utf-8")
    assert main(["explain", "p.quiet"]) == 2
    assert capsys.readouterr().out == ""


def test_namesakes_are_all_explained(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.wf").write_text(SPEC, encoding="utf-8")
    assert main(["explain", "p.once"]) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("p.once")] == [
        "p.once  (a.wf:9:3, severity medium)", "p.once  (b.wf:9:3, severity medium)"
    ]  # fmt: skip
    assert "@" not in shown
