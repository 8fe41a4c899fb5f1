"""Failing traces grouped by what went wrong, commonest first."""

from __future__ import annotations

from collections.abc import Iterable

from wfcheck.checker.replay.result import Cause, ReplayResult


def causes_of(results: Iterable[ReplayResult]) -> tuple[Cause, ...]:
    """One cause per rule and reason; `first` is the first trace that shows it."""
    groups: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result.verdict == "violated" and result.blame is not None:
            groups.setdefault((result.rule, result.blame.why), []).append(result.trace)
    causes = [Cause(why, len(traces), traces[0], rule) for (rule, why), traces in groups.items()]
    return tuple(sorted(causes, key=lambda c: -c.traces))
