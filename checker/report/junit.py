"""JUnit XML: one suite per workflow, one case per rule; bad input is a suite of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.annotations import Annotations
from wfcheck.checker.report.findings import of_diagnostic, of_result
from wfcheck.checker.result import Report, Result, Verdict
from wfcheck.dsl.diagnostic import Severity

Outcome: TypeAlias = Literal["passed", "failure", "error", "skipped"]
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@attrs.frozen
class Case:
    """One test case. `message` is a line, `text` the whole story."""

    suite: str
    name: str
    outcome: Outcome
    message: str
    text: str
    file: str
    line: int
    seconds: float
    annotations: Annotations = ()


def write_junit(report: Report) -> str:
    """The report of a check. Vacuous and not applicable rules are skipped, undecided ones errors, known findings skipped."""
    return write_cases([*_input_cases(report), *_result_cases(report)])


def write_cases(cases: Iterable[Case]) -> str:
    """Well-formed XML 1.0; characters that XML cannot hold are left out."""
    listed = list(cases)
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites {_totals('wfcheck', listed)}>"]
    for suite, group in groupby(listed, key=lambda case: case.suite):
        members = list(group)
        lines.append(f"  <testsuite {_totals(suite, members)}>")
        lines += [line for case in members for line in _case(case)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _input_cases(report: Report) -> list[Case]:
    errors = [of_diagnostic(d) for d in report.diagnostics if d.severity is Severity.ERROR]
    return [
        Case("input", f.rule, "error", f.message.split("\n")[0], f.message, f.file, f.line, 0.0)
        for f in errors
    ]


def _result_cases(report: Report) -> list[Case]:
    suites: dict[str, list[Case]] = {}
    for result in report.results:
        suites.setdefault(_suite(result), []).append(_result_case(result))
    return [case for cases in suites.values() for case in cases]


def _suite(result: Result) -> str:
    return result.workflow if result.workflow is not None else "policies without a workflow"


def _result_case(result: Result) -> Case:
    outcome = "skipped" if result.known else _outcome(result.verdict)
    return Case(
        _suite(result),
        result.rule,
        outcome,
        f"{result.verdict.value}{': ' + result.reason if result.reason else ''}",
        of_result(result).message,
        result.file,
        result.span.line,
        result.seconds,
        result.annotations,
    )


def _outcome(verdict: Verdict) -> Outcome:
    if verdict.undecided:
        return "error"
    match verdict:
        case Verdict.VIOLATED:
            return "failure"
        case Verdict.PROVED | Verdict.ENFORCED:
            return "passed"
        case _:
            return "skipped"


def _totals(name: str, cases: list[Case]) -> str:
    def count(outcome: Outcome) -> int:
        return sum(case.outcome == outcome for case in cases)

    return (
        f'name={_attribute(name)} tests="{len(cases)}" failures="{count("failure")}" errors="{count("error")}" '
        f'skipped="{count("skipped")}" time="{sum(case.seconds for case in cases):.3f}"'
    )


def _case(case: Case) -> list[str]:
    head = (
        f"    <testcase classname={_attribute(case.suite)} name={_attribute(case.name)} file={_attribute(case.file)} "
        f'line="{case.line}" time="{case.seconds:.3f}"'
    )
    inside = [*_properties(case.annotations), *_outcome_of(case)]
    return [head + ">", *inside, "    </testcase>"] if inside else [head + "/>"]


def _outcome_of(case: Case) -> list[str]:
    match case.outcome:
        case "passed":
            return []
        case "skipped":
            return [f"      <skipped message={_attribute(case.message)}/>"]
        case kind:
            body = f"      <{kind} message={_attribute(case.message)} type={_attribute(case.message.split(':')[0])}>"
            return [f"{body}{_text(case.text)}</{kind}>"]


def _properties(annotations: Annotations) -> list[str]:
    pairs = [(name, value) for name, values in annotations for value in values]
    if not pairs:
        return []
    lines = [f"        <property name={_attribute(n)} value={_attribute(v)}/>" for n, v in pairs]
    return ["      <properties>", *lines, "      </properties>"]


def _text(text: str) -> str:
    kept = _FORBIDDEN.sub("", text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _attribute(text: str) -> str:
    quoted = _text(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{quoted}"'
