"""Symbols as people write them. Where two files declare one name, its symbol is `name@file`; reports say the name, and the file stands
beside it. Workflows keep their symbol: a rule of a shared policy is reported once for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import msgspec

from wfcheck.checker.report.fingerprint import fingerprint
from wfcheck.checker.result import Report, Result, Witness
from wfcheck.checker.traces.event import Event

_NAMED = ("actor", "agent", "tool", "step", "store", "to")


def plain_names(report: Report, files: Iterable[str]) -> Report:
    """The report with plain names of everything but workflows, and fingerprints over what it says."""
    suffixes = tuple(f"@{file}" for file in files)

    def plain(text: str) -> str:
        for suffix in suffixes:
            text = text.replace(suffix, "")
        return text

    results = tuple(_result(result, plain) for result in report.results)
    diagnostics = tuple(attrs.evolve(d, message=plain(d.message)) for d in report.diagnostics)
    return attrs.evolve(report, results=results, diagnostics=diagnostics)


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
