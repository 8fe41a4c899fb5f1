"""Rules over traces and their evidence: every reading of the records is judged, and the worst counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import attrs

from wfcheck.checker.evidence.joining import join
from wfcheck.checker.evidence.pairing import pair
from wfcheck.checker.evidence.reading import gather
from wfcheck.checker.evidence.records import Disagreement
from wfcheck.checker.replay.causes import causes_of
from wfcheck.checker.replay.result import ReplayReport, ReplayResult
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Problem, Skip, Trace
from wfcheck.dsl.diagnostic import Diagnostic, Severity

_WORST = ("violated", "insufficient", "holds", "not-applicable")


def replay_joined(
    paths: Iterable[str],
    evidence: Sequence[str],
    judge: Callable[[Sequence[Trace]], ReplayReport],
    *,
    lenient: bool = False,
) -> ReplayReport:
    """Read traces and evidence, join them run by run and let `judge` replay what the records allow. A rule is violated if it is in
    some reading, and holds only if it does in all. Events count in the reading that the verdict is of."""
    traces: list[Trace] = []
    problems: list[Problem] = []
    for item in read_traces(list(paths), lenient=lenient):
        traces.append(item) if isinstance(item, Trace) else problems.append(item)
    found, more = pair(traces, gather(evidence, lenient=lenient))
    joined = [join(trace, one) for trace, one in zip(traces, found, strict=True)]
    depth = max((len(one.readings) for one in joined), default=1)
    reports = [
        judge([one.readings[number] for one in joined if number < len(one.readings)])
        for number in range(depth)
    ]
    diagnostics, skipped = _reported([*problems, *more], lenient)
    whole = attrs.evolve(
        _combined(reports),
        diagnostics=(*reports[0].diagnostics, *diagnostics),
        skipped=(*reports[0].skipped, *skipped),
        disagreements=tuple(d for one in joined for d in one.disagreements),
    )
    return attrs.evolve(whole, causes=causes_of(whole.results))


def _combined(reports: Sequence[ReplayReport]) -> ReplayReport:
    """The first report with the worst of the results; what else the others found is added once."""
    first = reports[0]
    worse: dict[tuple[str, str], ReplayResult] = {}
    for result in (r for report in reports[1:] for r in report.results):
        key = (result.trace, result.rule)
        worse[key] = min(worse.get(key, result), result, key=_rank)
    results = tuple(min(r, worse.get((r.trace, r.rule), r), key=_rank) for r in first.results)
    undeclared = {(u.trace, u.tool): u for report in reversed(reports) for u in report.undeclared}
    return attrs.evolve(first, results=results, undeclared=tuple(undeclared.values()))


def _rank(result: ReplayResult) -> int:
    return _WORST.index(result.verdict)


def _reported(problems: Sequence[Problem], lenient: bool) -> tuple[list[Diagnostic], list[Skip]]:
    diagnostics: list[Diagnostic] = []
    skipped: list[Skip] = []
    for p in problems:
        if lenient and p.severity is Severity.ERROR and p.line is not None:
            skipped.append(Skip(p.file, p.line, p.pointer, p.code, p.message))
        else:
            diagnostics.append(p.diagnostic())
    return diagnostics, skipped


def kinds_of(disagreements: Iterable[Disagreement]) -> dict[str, int]:
    """How many there are of each kind."""
    counts: dict[str, int] = {}
    for one in disagreements:
        counts[one.kind] = counts.get(one.kind, 0) + 1
    return counts
