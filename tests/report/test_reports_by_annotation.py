"""What rules say of themselves with `@risk`, `@failure`, `@harm` and `@cite` reaches every report, and groups it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import wfcheck
from wfcheck.checker.annotations import AXES, by_annotation
from wfcheck.checker.report.sources import no_sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.write import write, write_replay
from wfcheck.dsl.diagnostic import Severity

SPEC = """
tool pay(to: text) { effect irreversible  emits nothing  returns {} }
tool look() -> text { effect read  emits nothing  returns {} }
principal owner is human

@risk("prompt injection") @harm(fraud) @severity(critical)
policy money {
  shown: require approve(by: owner, shows: args) before pay
  @risk("runaway agent", "mistake") @cite("handbook <4>") @severity(low)
  once: limit count(pay) <= 1 per run
}

policy order {
  @failure("disorder")
  looked: require look before pay
  plain: limit count(look) <= 5 per run
}

workflow w(q: text from {user}) { pay(to: q) }
"""
TRACE = """{"format": "wftrace", "version": 1, "source": "written by hand"}
{"kind": "input", "actor": "user", "text": "go", "seq": 0}
{"kind": "call", "call": "1", "tool": "pay", "args_requested": {"to": "x"}, "args_executed": {"to": "x"}, "seq": 1}
{"kind": "result", "call": "1", "tool": "pay", "seq": 2}
{"kind": "end", "seq": 3}
"""
GROUPS = [
    ("risk", "mistake"),
    ("risk", "prompt injection"),
    ("risk", "runaway agent"),
    ("failure", "disorder"),
    ("harm", "fraud"),
]


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.wf"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "run.wftrace.jsonl"
    path.write_text(TRACE, encoding="utf-8")
    return path


def checked(spec: Path, form: str, *, verbosity: int = 0) -> str:
    report = wfcheck.check(spec)
    return write(report, form, no_sources, Style(verbosity=verbosity), "0.1.0")  # type: ignore[arg-type]


def replayed(spec: Path, trace: Path, form: str) -> str:
    report = wfcheck.replay(spec, trace)
    return write_replay(report, form, no_sources, Style(), "0.1.0")  # type: ignore[arg-type]


def annotations(made: dict[str, Any]) -> dict[str, Any]:
    return {r["rule"]: (r["annotations"], r["severity"]) for r in made["results"]}


EXPECTED = {
    "money.shown": ({"risk": ["prompt injection"], "harm": ["fraud"]}, "critical"),
    "money.once": (
        {"risk": ["runaway agent", "mistake"], "harm": ["fraud"], "cite": ["handbook <4>"]},
        "low",
    ),
    "order.looked": ({"failure": ["disorder"]}, "medium"),
    "order.plain": ({}, "medium"),
}


def test_rules_have_their_own_annotations_and_for_the_others_those_of_the_policy(spec: Path) -> None:
    assert annotations(json.loads(checked(spec, "json"))) == EXPECTED


def test_a_replay_says_the_same_of_its_results(spec: Path, trace: Path) -> None:
    made = json.loads(replayed(spec, trace, "json"))
    assert annotations(made) == EXPECTED
    assert [(g["annotation"], g["value"]) for g in made["by_annotation"]] == GROUPS


def test_the_summary_counts_a_result_under_each_of_its_values(spec: Path) -> None:
    groups = json.loads(checked(spec, "json"))["by_annotation"]
    assert [(g["annotation"], g["value"]) for g in groups] == GROUPS
    fraud = groups[-1]
    assert fraud["verdicts"] == {"PROVED": 1, "VIOLATED": 1}
    assert fraud["rules"] == ["money.shown", "money.once"]
    assert fraud["attention"] == ["money.shown"]


def test_the_text_ends_with_a_table(spec: Path, trace: Path) -> None:
    text = checked(spec, "text")
    assert "by risk, failure and harm:\n  risk     mistake           1 proved" in text
    assert "  failure  disorder          1 violated            order.looked\n" in text
    assert "  harm     fraud             1 proved, 1 violated  money.shown\n" in text
    assert "1 violated  money.shown" in replayed(spec, trace, "text")


def test_a_quiet_table_lists_what_needs_attention(spec: Path) -> None:
    text = checked(spec, "text", verbosity=-1)
    assert "prompt injection" in text
    assert "mistake" not in text


def test_no_table_without_annotations(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(
        'policy p { @severity(high) @cite("x") one: limit count(say) <= 1 per run }\nworkflow w() { say "a" }\n'
    )
    assert "by risk" not in checked(path, "text")
    assert json.loads(checked(path, "json"))["by_annotation"] == []


def test_junit_has_properties(spec: Path, trace: Path) -> None:
    for text in (checked(spec, "junit"), replayed(spec, trace, "junit")):
        case = next(c for c in ET.fromstring(text).iter("testcase") if c.get("name") == "money.once")
        properties = [(p.get("name"), p.get("value")) for p in case.iter("property")]
        assert ("risk", "mistake") in properties
        assert ("cite", "handbook <4>") in properties


def test_sarif_has_tags_and_properties(spec: Path) -> None:
    run = json.loads(checked(spec, "sarif"))["runs"][0]
    rule = next(r for r in run["tool"]["driver"]["rules"] if r["id"] == "money.shown")
    assert rule["properties"]["tags"] == ["security", "risk/prompt injection", "harm/fraud"]
    result = next(r for r in run["results"] if r["ruleId"] == "money.shown")
    assert result["properties"] == {"risk": ["prompt injection"], "harm": ["fraud"]}


@pytest.mark.parametrize("words", ["@risk(1)", "@harm", "@failure(a.b)"])
def test_other_values_are_refused(words: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text(f"{words}\npolicy p {{ one: limit count(say) <= 1 per run }}\n")
    assert [d.code for d in wfcheck.check(path).diagnostics if d.severity is Severity.ERROR] == ["WF244"]


def test_a_problem_with_an_annotation_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "spec.wf"
    path.write_text("@risc(x)\npolicy p { @hurt(y)\n one: limit count(say) <= 1 per run }\n")
    assert [d.code for d in wfcheck.check(path).diagnostics] == ["WF243", "WF243"]


def test_only_the_three_axes_are_grouped() -> None:
    noted = ((("risk", ("a",)), ("cite", ("b",))), "p.r", "PROVED", False)
    assert [(g.axis, g.value) for g in by_annotation([noted, noted])] == [("risk", "a")]
    assert by_annotation([noted, noted])[0].counts == {"PROVED": 2}
    assert AXES == ("risk", "failure", "harm")


@pytest.mark.parametrize("form", ["github", "gitlab"])
def test_annotations_of_hosts_name_the_risk(spec: Path, trace: Path, form: str) -> None:
    assert "order.looked" in checked(spec, form)
    assert "(failure disorder)" in checked(spec, form)
    text = replayed(spec, trace, form)
    assert "(risk prompt injection; harm fraud)" in text
    assert "()" not in text
    assert "(risk" not in replayed(spec, trace, "text")
