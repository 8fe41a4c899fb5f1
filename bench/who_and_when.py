"""What rules of process find in the failure logs of Who&When, and what they cannot find.

    python bench/who_and_when.py [--data ../shared/data/who-and-when] [--list]

40 logs of failed runs, each with the agent and the step at which people say that it went wrong. `who_and_when_labels.csv` says of each
label whether events show it at all: `events` (code that failed), `words` or `values` (a heuristic over what was written), `no`.
`policies/who_and_when.wf` has five rules about nothing but process; an alarm at a failure names the step whose call failed. All logs
failed, so there is no false-alarm rate; what stands for it is how many runs have an alarm before the labelled step."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import attrs

import wfcheck
from wfcheck.checker.scoring.metrics import Case, Share, score
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Trace
from wfcheck.checker.triage.signals import signals_of

HERE = Path(__file__).resolve().parent
POLICY = HERE / "policies" / "who_and_when.wf"
LABELS = HERE / "who_and_when_labels.csv"


@attrs.frozen
class Log:
    """One log: what people say of it, its events, and the alarms by rule."""

    number: int
    agent: str
    step: int
    shows: str
    trace: Trace
    alarms: Mapping[str, tuple[int, ...]]

    def case(self, steps: Sequence[int]) -> Case:
        """The log as a case of these alarms."""
        first = min(steps, default=None)
        named = next((e.agent for e in self.trace.events if e.agent and _step(e) == first), None)
        return Case(self.trace.name, tuple(steps), step=self.step, failed=True, agent=self.agent, named=named)


def _step(event: Event) -> int:
    """The entry of the history; -1 is the question."""
    assert event.source is not None
    parts = event.source.pointer.split("/")
    return int(parts[2]) if len(parts) > 2 else -1


def _blamed(trace: Trace, index: int) -> int:
    """The step of an event; of a failure, that of the call that failed."""
    event = trace.events[index]
    call = next((e for e in trace.events if e.kind == "call" and e.call == event.call), event)
    return _step(call if event.kind == "fail" else event)


def logs_of(folder: Path) -> list[Log]:
    """All logs with their alarms."""
    with LABELS.open(newline="") as file:
        shows = {int(row["log"]): row["shows in"] for row in csv.DictReader(file)}
    logs = []
    for number in sorted(shows):
        path = folder / f"{number}.json"
        annotated = json.loads(path.read_text())
        (trace,) = (item for item in read_traces([path]) if isinstance(item, Trace))
        alarms = {
            result.rule.removeprefix("process."): tuple(_blamed(trace, mark.event) for mark in result.breaks)
            for result in wfcheck.replay(POLICY, path).results
            if result.verdict == "violated"
        }
        alarms["triage"] = tuple(_blamed(trace, signal.first) for signal in signals_of(trace))
        step = int(annotated["mistake_step"])
        logs.append(Log(number, annotated["mistake_agent"], step, shows[number], trace, alarms))
    return logs


def by(*rules: str) -> Callable[[Log], Case]:
    """Alarms of these rules."""
    return lambda log: log.case(tuple(step for rule in rules for step in log.alarms.get(rule, ())))


def at(step: int) -> Callable[[Log], Case]:
    """An alarm at one step, whatever happens: what a score is worth."""
    return lambda log: log.case((step,))


RULES = ("runs", "stand_in", "grounded", "verified", "retries")
WAYS: Mapping[str, Callable[[Log], Case]] = {
    "all five rules": by(*RULES),
    "`runs`: code that is handed over runs": by("runs"),
    "`stand_in`: nothing stands in for what was not found": by("stand_in"),
    "`grounded`: large numbers come from somewhere": by("grounded"),
    "`verified`: a run that ends has run something": by("verified"),
    "`retries`: no third failure in a row": by("retries"),
    "triage signals": by("triage"),
    "always step 0": at(0),
    "always step 1": at(1),
}


def figures(logs: Sequence[Log]) -> Iterator[str]:
    """One line per way."""
    yield "| alarms | exact F1 | step accuracy | agent accuracy | mean step error | any alarm | alarm before the step |"
    yield "|---|---|---|---|---|---|---|"
    for words, way in WAYS.items():
        cases = [way(log) for log in logs]
        scores = score(cases)
        early = Share(
            sum(c.first is not None and c.step is not None and c.first < c.step for c in cases), len(cases)
        )
        yield (
            f"| {words} | {number(scores.exact_f1)} | {share(scores.step_accuracy)} | {share(scores.agent_accuracy)} "
            f"| {number(scores.mean_step_error)} | {share(scores.detected)} | {share(early)} |"
        )


def expressible(logs: Sequence[Log]) -> Iterator[str]:
    """Which labels events show, and how many of them all rules together name exactly."""
    counts = Counter(log.shows for log in logs)
    exact = Counter(log.shows for log in logs if WAYS["all five rules"](log).exact)
    yield "| the label shows in | labels | named exactly by all five rules |"
    yield "|---|---|---|"
    for shows in ("events", "words", "values", "no"):
        yield f"| {shows} | {counts[shows]} | {exact[shows]} |"


def share(value: Share) -> str:
    """`3/8 (37.5 %)`."""
    return "-" if value.value is None else f"{value.hits}/{value.of} ({100 * value.hits / value.of:.1f} %)"


def number(value: Fraction | None) -> str:
    """Three places."""
    return "-" if value is None else f"{float(value):.3f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Replay and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "who-and-when")
    parser.add_argument("--list", action="store_true", help="list the alarms of each log instead")
    args = parser.parse_args(argv)
    if not (args.data / "1.json").exists():
        sys.stderr.write(f"there are no logs in {args.data}\n")
        return 2
    logs = logs_of(args.data)
    if args.list:
        lines = [f"{log.number}: step {log.step} ({log.shows}); {dict(log.alarms)}" for log in logs]
    else:
        lines = [*expressible(logs), "", "All labels:", "", *figures(logs), ""]
        lines += [
            "Labels that events, words or values show:",
            "",
            *figures([log for log in logs if log.shows != "no"]),
        ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
