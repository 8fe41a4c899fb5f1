"""Suppression comments applied to what was found. Errors cannot be silenced: what is wrong was left out of the program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wfcheck.checker.report.sources import Sources
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.parsing.comments import Suppression, apply_suppressions, suppressions


def suppress(
    diagnostics: Sequence[Diagnostic], files: Iterable[str], sources: Sources
) -> tuple[Diagnostic, ...]:
    """The diagnostics without the silenced ones, and what is wrong with the suppressions in these files: one that silences
    nothing, one without a reason, one that cannot be read."""
    found: list[Suppression] = []
    wrong: list[Diagnostic] = []
    for file in dict.fromkeys(files):
        source = sources(file)
        if source is not None and "wfcheck" in source.text:
            good, bad = suppressions(source)
            found += good
            wrong += bad
    if not found and not wrong:
        return tuple(diagnostics)
    milder = [d for d in diagnostics if d.severity is not Severity.ERROR]
    applied = apply_suppressions(milder, found)
    silenced = set(map(id, applied.silenced))
    return (*(d for d in diagnostics if id(d) not in silenced), *wrong, *applied.extra)
