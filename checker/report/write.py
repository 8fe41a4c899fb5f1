"""One report in any format."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker.explain import pages
from wfcheck.checker.report.findings import findings
from wfcheck.checker.report.formats import Format
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.style import Style
from wfcheck.checker.result import Report
from wfcheck.dsl.diagnostic import Severity


def write(report: Report, form: Format, sources: Sources, style: Style, version: str) -> str:
    """The report of a check as a text that ends in a line end (or, for github, is empty where nothing was found)."""
    match form:
        case "text":
            from wfcheck.checker.report.text import write_text

            return write_text(report, sources, style)
        case "json":
            from wfcheck.checker.report.json import write_json

            return write_json(report, version)
        case "sarif":
            from wfcheck.checker.report.sarif import write_sarif

            bad = any(d.severity is Severity.ERROR for d in report.diagnostics)
            return write_sarif(findings(report), pages(), sources, version, succeeded=not bad)
        case "github":
            from wfcheck.checker.report.github import write_github

            return write_github(findings(report))
        case "gitlab":
            from wfcheck.checker.report.gitlab import write_gitlab

            return write_gitlab(findings(report))
        case "junit":
            from wfcheck.checker.report.junit import write_junit

            return write_junit(report)
        case _:
            assert_never(form)
