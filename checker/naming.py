"""Symbols as people write them. Where two files declare one name, its symbol is `name@file`; reports say the name, and the file stands
beside it. Workflows keep their symbol: a rule of a shared policy is reported once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import attrs
import msgspec

from wfcheck.checker.replay.result import ReplayReport, ReplayResult
from wfcheck.checker.replay.results import Results
from wfcheck.checker.report.fingerprint import fingerprint
from wfcheck.checker.result import Report, Result, Witness
from wfcheck.checker.traces.event import Event
from wfcheck.dsl.core import Program, Tool
from wfcheck.dsl.diagnostic import Diagnostic

_NAMED = ("actor", "agent", "tool", "step", "store", "to")


def plain_names(report: Report, files: Iterable[str]) -> Report:
    """The report with plain names of everything but workflows, and fingerprints over what it says."""
    plain = _plainer(files)
    results = tuple(_result(result, plain) for result in report.results)
    diagnostics = tuple(attrs.evolve(d, message=plain(d.message)) for d in report.diagnostics)
    return attrs.evolve(report, results=results, diagnostics=diagnostics)


def plain_replay(report: ReplayReport, files: Iterable[str]) -> ReplayReport:
    """The same for a replay."""
    plain = _plainer(files)
    results: Sequence[ReplayResult]
    if isinstance(report.results, Results):
        results = report.results.mapped(plain_result(files))
    else:
        results = tuple(map(plain_result(files), report.results))
    causes = tuple(
        attrs.evolve(
            c, rule=plain(c.rule), cause=plain(c.cause), assumption=c.assumption and plain(c.assumption)
        )
        for c in report.causes
    )
    near = tuple(
        attrs.evolve(n, assumption=plain(n.assumption), rule=n.rule and plain(n.rule))
        for n in report.near_misses
    )
    left = tuple(
        attrs.evolve(d, why=plain(d.why), assumption=d.assumption and plain(d.assumption))
        for d in report.departures
    )
    return attrs.evolve(report, results=results, causes=causes, near_misses=near, departures=left)


def ambiguous_tools(report: ReplayReport, program: Program) -> tuple[Diagnostic, ...]:
    """An error for each recorded tool that several files declare: rules about one of them would not see its calls."""
    found = {undeclared.tool: undeclared.mark for undeclared in reversed(report.undeclared)}
    return tuple(
        _ambiguous(name, tools, mark.source.file if mark.source else None)
        for name, mark in sorted(found.items())
        if (tools := [tool for symbol, tool in program.tools.items() if symbol.startswith(f"{name}@")])
    )


def _ambiguous(name: str, tools: list[Tool], file: str | None) -> Diagnostic:
    return Diagnostic(
        "WF715",
        f"`{name}` is declared in several files, and a recorded call could be of any",
        None,
        notes=tuple(f"declared at {tool.span.file}:{tool.span.line}" for tool in tools),
        help="replay against one spec, or let the files import the tool from one place",
        file=file,
    )


def plain_result(files: Iterable[str]) -> Callable[[ReplayResult], ReplayResult]:
    """The same for one result."""
    return partial(_replayed, plain=_plainer(files))


def _replayed(result: ReplayResult, plain: Callable[[str], str]) -> ReplayResult:
    blame = result.blame
    if blame is not None:
        assumption = None if blame.assumption is None else plain(blame.assumption)
        blame = attrs.evolve(blame, why=plain(blame.why), assumption=assumption)
    return attrs.evolve(result, rule=plain(result.rule), blame=blame)


def _plainer(files: Iterable[str]) -> Callable[[str], str]:
    suffixes = tuple(f"@{file}" for file in files)

    def plain(text: str) -> str:
        for suffix in suffixes:
            text = text.replace(suffix, "")
        return text

    return plain


def _result(result: Result, plain: Callable[[str], str]) -> Result:
    def named(text: str | None) -> str | None:
        return None if text is None else plain(text)

    made = attrs.evolve(
        result,
        rule=plain(result.rule),
        assumptions=tuple(map(plain, result.assumptions)),
        cores=tuple(tuple(map(plain, core)) for core in result.cores),
        path=tuple(attrs.evolve(step, text=plain(step.text)) for step in result.path),
        reason=named(result.reason),
        notes=tuple(map(plain, result.notes)),
        help=named(result.help),
        witness=None if result.witness is None else _witness(result.witness, plain),
    )
    return attrs.evolve(made, fingerprint=fingerprint(made))


def _witness(witness: Witness, plain: Callable[[str], str]) -> Witness:
    return attrs.evolve(witness, events=tuple(_event(event, plain) for event in witness.events))


def _event(event: Event, plain: Callable[[str], str]) -> Event:
    names = {field: getattr(event, field) for field in _NAMED}
    return msgspec.structs.replace(event, **{f: plain(n) for f, n in names.items() if isinstance(n, str)})
