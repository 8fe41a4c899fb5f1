"""What of a spec could be dropped, or said more strictly, without any rule noticing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import wfcheck
from wfcheck.checker.result import Coverage
from wfcheck.cli.main import main

SPEC = """import std.labels
principal helper is agent
principal boss is human { trusts {model} }
channel out
tool customers(k: text) -> text { effect read  emits nothing  returns {pii} }
tool post(body: text) { effect irreversible  emits out  returns {} }
tool pay(amount: decimal) { effect irreversible  emits nothing  returns {} }
tool login() { effect read  emits nothing  returns {} }
release summary(x: text) -> enum { good, bad } removes {pii}

workflow w(q: text from {user}, n: decimal from {user}, xs: list<text> from {user}) as helper requires n < 1000 {
  if n > 0 {
    approve pay(amount: n) by boss
    if n <= 40 {
      pay(amount: n)
    }
  }
  c = customers(q)
  s = summary(c)
  if s == good { post(body: "good") }
  agent a(q) may { customers, login when true } hides { customers } max 3 steps
  for x in xs max 3 { login() }
}

policy p {
  allow helper: customers, post, login, pay
  allow helper: pay(amount: < 1)
  ok: require approve(by: boss, shows: args) before pay
  cap: forbid pay when amount > 500
  leak: forbid flow pii -> out except via summary, approve
  few: limit count(login) <= 9 per run
}
"""


@pytest.fixture
def covered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Coverage:
    monkeypatch.chdir(tmp_path)
    Path("spec.wf").write_text(SPEC)
    report = wfcheck.check("spec.wf", coverage=True, timeout=6)
    assert report.coverage is not None
    return report.coverage


def test_every_part_is_dropped_once(covered: Coverage) -> None:
    kinds = [(item.kind, item.span.line) for item in covered.dropped]
    assert kinds == [
        ("release", 9), ("requires", 11), ("guard", 12), ("approval", 13), ("guard", 14), ("guard", 20), ("hide", 21),
        ("max", 21), ("when", 21), ("max", 22), ("grant", 26), ("grant", 26), ("grant", 26), ("grant", 26), ("grant", 27),
    ]  # fmt: skip
    assert covered.left == 0


def test_who_notices(covered: Coverage) -> None:
    noticed = {(item.kind, item.span.line, item.text): item.noticed for item in covered.dropped}
    by_line = {(kind, line): who for (kind, line, _), who in noticed.items()}
    assert by_line["approval", 13] == "p.ok"
    assert by_line["guard", 14] == "p.cap"
    assert by_line["release", 9] == "p.leak"
    assert by_line["max", 22] == "p.few"
    assert by_line["guard", 12] is None
    assert by_line["requires", 11] is None
    assert by_line["when", 21] is None
    assert noticed["grant", 26, "allow helper: customers"] == "p.allow(helper)"
    assert noticed["grant", 27, "allow helper: pay"] is None


def test_what_could_be_stricter(covered: Coverage) -> None:
    notes = {(item.rule, item.text) for item in covered.stronger}
    assert ("p.cap", "`> 500` could be `> 40`") in notes
    assert ("p.leak", "`except via approve` is not needed: the rule holds without it") in notes
    assert not [text for rule, text in notes if rule == "p.leak" and "summary" in text]
    assert ("p.few", "the bound 9 could be 6") in notes


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.wf").write_text(SPEC)
    assert main(["check", "spec.wf", "--coverage", "--rule", "p.*"]) == 0
    text = capsys.readouterr().out
    assert re.search(r"UNCOVERED      spec.wf:12:\d+  guard `if n > 0`", text)
    assert main(["check", "spec.wf", "--fail-on", "uncovered", "--output-format", "json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert [item["kind"] for item in found["coverage"]["dropped"]][:2] == ["release", "requires"]
    assert main(["check", "spec.wf", "--output-format", "json"]) == 0
    assert "coverage" not in json.loads(capsys.readouterr().out)


def test_time_may_run_out(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(SPEC)
    report = wfcheck.check(path, coverage=True, coverage_budget=0.000001)
    assert report.coverage is not None
    assert report.coverage.left == 15
    assert report.coverage.dropped == ()
