from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import jsonschema
import pytest

from wfcheck.checker.replay.result import Blame, Cause, Mark, ReplayReport, ReplayResult, Undeclared
from wfcheck.checker.report.formats import FORMATS
from wfcheck.checker.report.sources import no_sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.write import write_replay
from wfcheck.checker.traces.event import EventSource
from wfcheck.checker.traces.trace import Skip
from wfcheck.dsl.diagnostic import Diagnostic

HOSTILE = "x\x1b[31m\u202e\n::error::<&\ud800"
EARLY = Mark(3, EventSource("runs.jsonl", 17, "/messages/4"))
LATE = Mark(6, EventSource("runs.jsonl", 17, "/messages/9/tool_calls/0"))


@pytest.fixture
def replayed() -> ReplayReport:
    name = "runs.jsonl#17"
    blame = Blame(LATE, "`to` came from `read_mail`", cause=EARLY, value=HOSTILE)
    return ReplayReport(
        (
            ReplayResult(
                name, "money.payee", "violated", "critical", blame, manifestation=LATE, breaks=(LATE,)
            ),
            ReplayResult(name, "money.small", "holds"),
            ReplayResult(name, "money.old", "insufficient", reason="no clock"),
            ReplayResult("runs.jsonl#18", "money.payee", "not-applicable", reason="the group `g` is empty"),
        ),
        (Diagnostic("WF703", f"not JSON {HOSTILE}", None, file="other.jsonl"),),
        (Undeclared(name, HOSTILE, EARLY, 2),),
        (Skip("third.jsonl", 4, "/x", "WF707", HOSTILE),),
        (Cause("`to` came from `read_mail`", 1, name, "money.payee"),),
        traces=2,
        events=20,
    )


def text_of(report: ReplayReport, form: str) -> str:
    return write_replay(report, form, no_sources, Style(), "0.1.0")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_inert_and_deterministic(replayed: ReplayReport, form: str) -> None:
    text = text_of(replayed, form)
    assert text == text_of(replayed, form)
    assert text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    text_of(ReplayReport(()), form)


def test_the_text_marks_cause_and_blame(replayed: ReplayReport) -> None:
    text = text_of(replayed, "text")
    assert "runs.jsonl#17: 1 hold, 1 violated, 1 insufficient\n" in text
    assert "cause          event 3  runs.jsonl:17 /messages/4\n" in text
    assert (
        "blame          event 6  runs.jsonl:17 /messages/9/tool_calls/0  `to` came from `read_mail`: `x\\x1b"
        in text
    )
    assert "no clock" in text
    assert "money.payee  `to` came from `read_mail`     1  runs.jsonl#17" in text
    assert text.rstrip().split("\n")[-1].startswith("2 runs, 20 events, 1 failing: ")


def test_the_json_keeps_its_keys(replayed: ReplayReport) -> None:
    made = json.loads(text_of(replayed, "json"))
    keys = {
        "trace",
        "rule",
        "verdict",
        "blame",
        "point_of_no_return",
        "manifestation",
        "provenance",
        "heuristic",
        "inherited",
    }
    for result in made["results"]:
        assert keys <= set(result)
    blame = made["results"][0]["blame"]
    assert {"event", "why", "assumption", "source"} <= set(blame)
    assert made["diagnostics"][0]["code"] == "WF703"


def test_sarif_validates(replayed: ReplayReport, oasis_schema: dict[str, object]) -> None:
    made = json.loads(text_of(replayed, "sarif"))
    validator = jsonschema.validators.validator_for(oasis_schema)(oasis_schema)
    assert [error.message for error in validator.iter_errors(made)] == []
    violated = next(r for r in made["runs"][0]["results"] if r["ruleId"] == "money.payee")
    assert violated["locations"][0]["physicalLocation"]["region"] == {"startLine": 17}
    (flow,) = violated["codeFlows"]
    kinds = [step["kinds"] for step in flow["threadFlows"][0]["locations"]]
    assert kinds == [["cause"], ["blame"], ["manifestation"]]


def test_junit_has_a_suite_per_run(replayed: ReplayReport) -> None:
    root = ET.fromstring(text_of(replayed, "junit"))
    assert [suite.get("name") for suite in root] == ["input", "runs.jsonl#17", "runs.jsonl#18"]
    tags = {(c.get("classname"), c.get("name")): [x.tag for x in c] for c in root.iter("testcase")}
    assert tags["runs.jsonl#17", "money.payee"] == ["failure"]
    assert tags["runs.jsonl#17", "money.small"] == []
    assert tags["runs.jsonl#17", "money.old"] == ["error"]
    assert tags["runs.jsonl#18", "money.payee"] == ["skipped"]
