from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import attrs
import jsonschema
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from wfcheck.checker.report.findings import findings
from wfcheck.checker.report.fingerprint import fingerprint
from wfcheck.checker.report.formats import FORMATS
from wfcheck.checker.report.json import result_json, summary
from wfcheck.checker.report.plain import decimal_text, plain
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.write import write
from wfcheck.checker.result import PathStep, Report, Result, Verdict
from wfcheck.dsl.diagnostic import Diagnostic
from wfcheck.dsl.source import Source, Span

SPAN = {
    "type": "object",
    "required": ["line", "column", "end_line", "end_column"],
    "additionalProperties": False,
    "properties": {
        key: {"type": "integer", "minimum": 1} for key in ("line", "column", "end_line", "end_column")
    },
}
NAMES = {"type": "array", "items": {"type": "string"}}
RESULT = {
    "type": "object",
    "required": [
        *(
            "file",
            "workflow",
            "rule",
            "verdict",
            "span",
            "severity",
            "assumptions",
            "cores",
            "depth",
            "certificate",
        ),
        *("witness", "reason", "heuristic", "fingerprint", "seconds", "annotations"),
    ],
    "properties": {
        "workflow": {"type": ["string", "null"]},
        "verdict": {"enum": [v.value for v in Verdict]},
        "span": SPAN,
        "severity": {"enum": ["low", "medium", "high", "critical"]},
        "assumptions": NAMES,
        "cores": {"type": "array", "items": NAMES},
        "depth": {"type": ["integer", "null"]},
        "witness": {
            "type": ["object", "null"],
            "required": ["events", "index"],
            "properties": {
                "events": {"type": "array", "items": {"required": ["kind", "seq"]}},
                "index": {"type": "integer"},
            },
        },
        "reason": {"type": ["string", "null"]},
        "heuristic": {"type": "boolean"},
        "fingerprint": {"type": "string", "minLength": 8},
        "seconds": {"type": "number"},
        "annotations": {"type": "object", "additionalProperties": NAMES},
    },
}
DIAGNOSTIC = {
    "type": "object",
    "required": ["file", "code", "severity", "message", "span", "labels", "notes", "help"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": ["string", "null"]},
        "code": {"pattern": r"^WF\d{3}$"},
        "severity": {"enum": ["error", "warning", "note"]},
        "message": {"type": "string"},
        "span": {"anyOf": [SPAN, {"type": "null"}]},
        "labels": {"type": "array", "items": {"required": ["file", "span", "text"]}},
        "notes": NAMES,
        "help": {"type": ["string", "null"]},
    },
}
GROUP = {
    "type": "object",
    "required": ["annotation", "value", "verdicts", "rules", "attention"],
    "additionalProperties": False,
    "properties": {
        "annotation": {"enum": ["risk", "failure", "harm"]},
        "value": {"type": "string"},
        "verdicts": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 1}},
        "rules": NAMES,
        "attention": NAMES,
    },
}
CHECK = {
    "type": "object",
    "required": ["schema", "version", "summary", "results", "diagnostics", "by_annotation"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "wfcheck.check/1"},
        "version": {"type": "string"},
        "summary": {"type": "object"},
        "results": {"type": "array", "items": RESULT},
        "diagnostics": {"type": "array", "items": DIAGNOSTIC},
        "by_annotation": {"type": "array", "items": GROUP},
    },
}


def text_of(report: Report, form: str, sources: Sources) -> str:
    return write(report, form, sources, Style(), "0.1.0")  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_deterministic_and_encodable(report: Report, sources: Sources, form: str) -> None:
    text = text_of(report, form, sources)
    assert text == text_of(report, form, sources)
    assert text.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_report_is_well_formed(sources: Sources, form: str) -> None:
    text = text_of(Report((), ()), form, sources)
    if form in ("json", "sarif", "gitlab"):
        json.loads(text)
    if form == "junit":
        ET.fromstring(text)


def test_json_has_every_key(report: Report, sources: Sources) -> None:
    made = json.loads(text_of(report, "json", sources))
    jsonschema.validate(made, CHECK)
    assert made["summary"] == {
        "proved": 2, "enforced": 1, "vacuous": 1, "inconsistent": 1, "not_applicable": 1,
        "violated": 1, "possible": 1, "unknown": 1, "bounded": 1, "errors": 3,
    }  # fmt: skip
    violated = next(r for r in made["results"] if r["verdict"] == "VIOLATED")
    assert violated["witness"]["index"] == 1
    assert violated["witness"]["events"][1]["tool"] == "post"
    assert [step["edge"] for step in violated["path"]] == ["source", "sink"]


def test_the_summary_counts_each_result_once(report: Report) -> None:
    counted = summary(report)
    assert sum(counted.values()) - counted["errors"] == len(report.results)


def test_sarif_validates_against_the_oasis_schema(
    report: Report, sources: Sources, oasis_schema: dict[str, Any]
) -> None:
    validator = jsonschema.validators.validator_for(oasis_schema)(oasis_schema)
    for sample in (report, Report((), ())):
        made = json.loads(text_of(sample, "sarif", sources))
        assert [error.message for error in validator.iter_errors(made)] == []
    broken = {**made, "runs": [{"results": 3}]}
    assert list(validator.iter_errors(broken))


def test_sarif_holds_what_code_scanning_shows(report: Report, sources: Sources) -> None:
    run = json.loads(text_of(report, "sarif", sources))["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    for rule in rules.values():
        assert rule["helpUri"]
        assert rule["help"]["text"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch(r"[0-9a-f]{16}:\d+", result["partialFingerprints"]["primaryLocationLineHash"])
    violated = next(r for r in run["results"] if r["ruleId"] == "privacy.violated")
    assert rules["privacy.violated"]["properties"]["security-severity"] == "8.0"
    region = violated["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 4, "startColumn": 10, "endLine": 4, "endColumn": 21}
    path, witness = violated["codeFlows"]
    assert [step["kinds"] for step in path["threadFlows"][0]["locations"]] == [["source"], ["sink"]]
    assert len(witness["threadFlows"][0]["locations"]) == 2
    assert all(result["locations"] for result in run["results"])
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [n["descriptor"]["id"] for n in invocation["toolConfigurationNotifications"]] == ["WF806"]
    assert "ruleId" not in {r["ruleId"]: r for r in run["results"]}.get("privacy.proved", {})


def test_two_findings_on_one_line_have_two_hashes(violated: Result, sources: Sources) -> None:
    twice = Report((violated, attrs.evolve(violated, workflow="other")), ())
    run = json.loads(text_of(twice, "sarif", sources))["runs"][0]
    hashes = [r["partialFingerprints"]["primaryLocationLineHash"] for r in run["results"]]
    assert len(set(hashes)) == 2


def test_a_known_finding_is_unchanged_in_sarif_and_absent_elsewhere(
    violated: Result, sources: Sources
) -> None:
    known = Report((attrs.evolve(violated, known=True),), ())
    result = json.loads(text_of(known, "sarif", sources))["runs"][0]["results"][0]
    assert result["baselineState"] == "unchanged"
    assert text_of(known, "github", sources) == ""
    assert json.loads(text_of(known, "gitlab", sources)) == []
    assert ET.fromstring(text_of(known, "junit", sources)).get("failures") == "0"


COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-zA-Z]+=[^,:]*)(?:,[a-zA-Z]+=[^,:]*)*)::(.*)")


def test_github_commands_parse_back(report: Report, sources: Sources) -> None:
    lines = text_of(report, "github", sources).rstrip("\n").split("\n")
    listed = list(findings(report))
    assert len(lines) == len(listed)
    for line, finding in zip(lines, listed, strict=True):
        found = COMMAND.fullmatch(line)
        assert found, line
        fields = dict(part.split("=", 1) for part in found[2].split(","))
        assert fields.get("file", "") == finding.file
        message = found[3].replace("%0A", "\n").replace("%25", "%")
        assert message == finding.message
    violated = next(line for line in lines if "privacy.violated" in line)
    assert violated.startswith(
        "::error file=specs/mail.wf,line=4,endLine=4,col=10,title=privacy.violated%3A VIOLATED::rule `privacy.violated`"
    )
    assert "%0A1. source at specs/mail.wf:2: " in violated


def test_gitlab_entries_have_the_four_fields_and_distinct_fingerprints(
    report: Report, sources: Sources
) -> None:
    entries = json.loads(text_of(report, "gitlab", sources))
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"]["lines"]["begin"] >= 1
    assert len({entry["fingerprint"] for entry in entries}) == len(entries)


def test_junit_has_a_suite_per_workflow_and_a_case_per_rule(report: Report, sources: Sources) -> None:
    root = ET.fromstring(text_of(report, "junit", sources))
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"input", "publish"}
    cases = suites["publish"].findall("testcase")
    assert len(cases) == len(report.results)
    outcome = {case.get("name"): [child.tag for child in case] for case in cases}
    assert outcome["privacy.violated"] == ["failure"]
    assert (
        outcome["privacy.unknown"] == outcome["privacy.possible"] == outcome["privacy.bounded"] == ["error"]
    )
    assert outcome["privacy.vacuous"] == outcome["privacy.not_applicable"] == ["skipped"]
    assert outcome["privacy.enforced"] == outcome["privacy.proved"] == []
    assert root.get("failures") == "1"
    assert root.get("tests") == str(len(report.results) + 3)


@examples(st.text())
def test_no_text_breaks_a_machine_format(text: str) -> None:
    from wfcheck.checker.report.sources import no_sources

    span = Span("x.wf", 0, 1, 1, 1, 1, 2)
    bad = Result(
        text or "x",
        text,
        text or "r",
        Verdict.VIOLATED,
        span,
        "low",
        path=(PathStep(text, text, span),),
        reason=text,
    )
    report = Report((bad,), (Diagnostic("WF201", text, span, notes=(text,), file=text),))
    for form in ("json", "sarif", "gitlab"):
        json.loads(text_of(report, form, no_sources).encode("utf-8"))
    ET.fromstring(text_of(report, "junit", no_sources).encode("utf-8"))
    lines = text_of(report, "github", no_sources).encode("utf-8").decode().split("\n")
    assert len(lines) == 3
    assert all(COMMAND.fullmatch(line) for line in lines[:2])


def test_fingerprints_outlive_lines_and_tell_verdicts_and_paths_apart(
    violated: Result, source: Source
) -> None:
    moved = attrs.evolve(violated, span=source.span(0, 3), seconds=3.0)
    assert fingerprint(moved) == fingerprint(violated)
    for other in (
        attrs.evolve(violated, verdict=Verdict.UNKNOWN),
        attrs.evolve(violated, workflow="else"),
        attrs.evolve(violated, rule="privacy.other"),
        attrs.evolve(violated, path=violated.path[:1]),
        attrs.evolve(violated, file="other.wf"),
    ):
        assert fingerprint(other) != fingerprint(violated)


def test_values_become_plain_json() -> None:
    from datetime import date, timedelta
    from fractions import Fraction

    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    made = plain(
        {
            "a": Fraction(1, 8),
            "b": (1, date(2024, 5, 15)),
            "c": float("nan"),
            "d": 10**6000,
            "e": deep,
            "f": timedelta(hours=1),
            1: {"x"},
        }
    )
    text = json.dumps(made, allow_nan=False)
    assert made["a"] == "0.125"
    assert made["b"] == [1, "2024-05-15"]
    assert made["c"] == "nan"
    assert made["f"] == "3600s"
    assert made["1"] == ["x"]
    assert "…" in json.loads(text)["e"].__repr__()


@examples(st.fractions())
def test_decimals_are_exact(value: Any) -> None:
    from fractions import Fraction

    assert Fraction(decimal_text(value)) == value


def test_result_json_keeps_the_contract_of_seconds(violated: Result) -> None:
    first, second = result_json(violated), result_json(attrs.evolve(violated, seconds=9.0))
    assert {key for key in first if first[key] != second[key]} == {"seconds"}
