"""Labels and alarms of the same runs, brought together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from wfcheck.checker.scoring.alarms import Alarm, Alarms
from wfcheck.checker.scoring.labels import Label
from wfcheck.checker.scoring.metrics import Case
from wfcheck.dsl.diagnostic import Diagnostic, WfError
from wfcheck.dsl.source import Span

SHOWN = 5


@attrs.frozen
class RuleScore:
    """What one rule adds: runs in which it fired, in which it fired exactly at the labelled step, and safe runs in which it fired."""

    rule: str
    runs: int
    exact: int
    false: int


@attrs.frozen
class Joined:
    """The labelled runs, what each rule did in them, and how many runs had no label."""

    cases: tuple[Case, ...]
    rules: tuple[RuleScore, ...]
    unlabelled: int


def join(
    alarms: Alarms, labels: Sequence[Label], file: str, actors: Mapping[tuple[str, int], str] | None = None
) -> Joined:
    """One case per label. A label names its run in full, or by an ending after `/` or `#` that no other run has. `actors`: who
    acted, by run and event.

    Raises:
        WfError: WF721, a label names no run or several, or a run twice."""
    endings = _endings(alarms.runs)
    named = [(_run_of(label, alarms.runs, endings, file), label) for label in labels]
    seen: set[str] = set()
    for run, label in named:
        if run in seen:
            raise _misplaced(f"`{label.trace[:80]}` is labelled twice", label, file)
        seen.add(run)
    pairs = [(alarms.runs[run], label, run) for run, label in named]
    cases = tuple(_case(found, label, run, actors or {}) for found, label, run in pairs)
    fired = [(found, case) for (found, _, _), case in zip(pairs, cases, strict=True)]
    return Joined(cases, _rules(fired), len(alarms.runs) - len(pairs))


def _endings(runs: Iterable[str]) -> Mapping[str, str | None]:
    """Each ending that one run alone has; None for those of several."""
    found: dict[str, str | None] = {}
    for run in runs:
        for index, sign in enumerate(run[:-1]):
            if sign in "/#":
                ending = run[index + 1 :]
                found[ending] = None if ending in found else run
    return found


def _run_of(label: Label, runs: Mapping[str, object], endings: Mapping[str, str | None], file: str) -> str:
    if label.trace in runs:
        return label.trace
    run = endings.get(label.trace, "")
    if run is None:
        raise _misplaced(f"several runs end in `{label.trace[:80]}`", label, file)
    if not run:
        raise _misplaced(f"no run is called `{label.trace[:80]}`", label, file)
    return run


def _case(found: Sequence[Alarm], label: Label, run: str, actors: Mapping[tuple[str, int], str]) -> Case:
    first = found[0] if found else None
    return Case(
        trace=run,
        alarms=tuple(alarm.step for alarm in found),
        step=label.step,
        failed=label.failed,
        goal=label.goal,
        effect=label.effect,
        agent=label.agent if actors else None,
        named=actors.get((run, first.event)) if first is not None else None,
    )


def _rules(fired: Sequence[tuple[Sequence[Alarm], Case]]) -> tuple[RuleScore, ...]:
    runs: Counter[str] = Counter()
    exact: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for alarms, case in fired:
        names = {alarm.rule for alarm in alarms}
        runs.update(names)
        exact.update({alarm.rule for alarm in alarms if alarm.step == case.step})
        if case.step is None and not case.failed:
            false.update(names)
    ranked = sorted(runs, key=lambda rule: (-exact[rule], false[rule], rule))
    return tuple(RuleScore(rule, runs[rule], exact[rule], false[rule]) for rule in ranked)


def _misplaced(why: str, label: Label, file: str) -> WfError:
    span = Span(file, 0, 0, label.line, 1, label.line, 1)
    message = f"`{file}` holds no usable step labels"
    help_ = "call runs as the report does, or by an ending of their name that is theirs alone"
    return WfError(Diagnostic("WF721", message, span, notes=(why,), help=help_, file=file))
