"""SARIF 2.1.0 (OASIS, 2020-03-27), with what code scanning shows: help, regions, flows, stable fingerprints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from wfcheck.checker.annotations import AXES, annotations_json
from wfcheck.checker.report.findings import Finding, FlowStep, Place
from wfcheck.checker.report.fingerprint import digest, uri
from wfcheck.checker.report.json import dump
from wfcheck.checker.report.plain import plain
from wfcheck.checker.report.sources import Sources
from wfcheck.dsl.source import Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HELP_URI = "urn:wfcheck:explain:"
SECURITY_SEVERITY = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}


def write_sarif(
    findings: Iterable[Finding], pages: Mapping[str, str], sources: Sources, version: str, *, succeeded: bool
) -> str:
    """A log with one run. `pages` are the explanations of codes, Markdown by code; `succeeded` is false after bad input."""
    found = list(findings)
    listed = [finding for finding in found if finding.file]
    rules = _rules(listed, pages)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    seen: Counter[tuple[str, str]] = Counter()
    run = {
        "tool": {
            "driver": {"name": "wfcheck", "semanticVersion": version, "version": version, "rules": rules}
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation([finding for finding in found if not finding.file], succeeded)],
        "results": [_result(finding, index[finding.rule], sources, seen) for finding in listed],
    }
    return dump(plain({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}))


def _invocation(nowhere: list[Finding], succeeded: bool) -> dict[str, Any]:
    """What is wrong with the command itself has no place in a file."""
    notes = [
        {"descriptor": {"id": f.rule}, "level": f.level, "message": {"text": f.message}} for f in nowhere
    ]
    return {"executionSuccessful": succeeded, **({"toolConfigurationNotifications": notes} if notes else {})}


def _rules(findings: list[Finding], pages: Mapping[str, str]) -> list[dict[str, Any]]:
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.rule, finding)
    return [_rule(first[name], pages.get(name)) for name in sorted(first)]


def _rule(finding: Finding, page: str | None) -> dict[str, Any]:
    text = page or finding.doc or finding.help or f"the rule `{finding.rule}` of a policy"
    rule: dict[str, Any] = {
        "id": finding.rule,
        "name": finding.rule,
        "shortDescription": {"text": text.strip().split("\n")[0].lstrip("# ") or finding.rule},
        "fullDescription": {"text": text},
        "helpUri": HELP_URI + quote(finding.rule),
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": finding.level},
    }
    if finding.severity is not None:
        score = SECURITY_SEVERITY.get(finding.severity, SECURITY_SEVERITY["medium"])
        rule["properties"] = {"security-severity": score, "tags": ["security", *_tags(finding)]}
    return rule


def _tags(finding: Finding) -> list[str]:
    return [f"{name}/{value}" for name, values in finding.annotations if name in AXES for value in values]


def _result(
    finding: Finding, rule_index: int, sources: Sources, seen: Counter[tuple[str, str]]
) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [_location(finding.place, finding.file)],
        "partialFingerprints": {
            "primaryLocationLineHash": _line_hash(finding, sources, seen),
            "wfcheck/v1": finding.fingerprint,
        },
    }
    if finding.annotations:
        result["properties"] = annotations_json(finding.annotations)
    if finding.stated is not None:
        result["relatedLocations"] = [_located(finding.stated, "the rule")]
    if finding.flows:
        result["codeFlows"] = [_flow(flow, finding) for flow in finding.flows]
    if finding.known:
        result["baselineState"] = "unchanged"
        result["suppressions"] = [{"kind": "external", "justification": "listed in the baseline"}]
    return result


def _line_hash(finding: Finding, sources: Sources, seen: Counter[tuple[str, str]]) -> str:
    """The hash of the text of the line and the number of the occurrence, as code scanning makes it."""
    source = sources(finding.place.file) if isinstance(finding.place, Span) else None
    if source is None or finding.line > source.position(len(source.text))[0]:
        line = finding.fingerprint
    else:
        line = "".join(source.line_text(finding.line).split())
    key = (finding.rule, digest(line))
    seen[key] += 1
    return f"{key[1]}:{seen[key]}"


def _flow(flow: tuple[FlowStep, ...], finding: Finding) -> dict[str, Any]:
    steps = [
        {
            "location": _located(step.place, step.text, finding.file),
            "executionOrder": order,
            "kinds": [step.kind],
            "importance": "essential" if order == len(flow) else "important",
        }
        for order, step in enumerate(flow, 1)
    ]
    return {"threadFlows": [{"locations": steps}]}


def _located(place: Place, text: str, file: str = "") -> dict[str, Any]:
    where = file if place is None else place.file
    location = _location(place, where) if where else {}
    return {**location, "message": {"text": text}}


def _location(place: Place, file: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": _region(place)}}


def _region(place: Place) -> dict[str, int]:
    match place:
        case None:
            return {"startLine": 1}
        case Span():
            return {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            }
        case _:
            return {"startLine": max(1, place.line)}


def _uri(file: str) -> str:
    path = uri(file)
    quoted = quote(path.encode("utf-8", "backslashreplace"), safe="/-._~+,=@!$&'()*;")
    return f"file://{quoted}" if PurePath(path).is_absolute() else quoted
