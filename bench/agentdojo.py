"""How well provenance rules find the attacks in recorded AgentDojo runs, and where they raise false alarms.

    python bench/agentdojo.py [--data ../shared/data/agentdojo] [--suite banking|slack|workspace] [--model NAME] [--labels [everywhere]]
                              [--provenance values|context] [--hidden] [--list] [--export FILE]

Each suite is replayed with the installed `wfcheck` against the policy in `examples/agentdojo` (with `--labels`: against labels alone,
`SUITE_labels.wf`). Figures, per model and together:

* recall: share of successful attacks with a rule firing at or before the call that reaches the attacker's goal
  (anywhere in the run for the few goals that need no call);
* call attacks: the same, of the attacks that reach their goal by a call;
* benign alarms: share of runs without an injection in which any rule fires;
* localisation, of the detected call attacks: the first firing at a call with a side effect is the injection's first such call
  (its goal call, if the injection only reads), and the first firing of all is its first call of any kind;
* as an auditor (`wfcheck score` has the definitions): the first firing of all against the injection's first call, over benign runs and
  successful attacks;
* attempts: share of unsuccessful attacks in which a rule fires (nearly all are real attempts).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from agentdojo_runs import HERE, SUITES, Run, runs_of

from wfcheck.checker.scoring.metrics import Case, score


def share(part: int, whole: int) -> str:
    """A count as a percentage."""
    return f"{part}/{whole} ({100 * part / whole:.1f} %)" if whole else "-"


def figures(runs: list[Run]) -> dict[str, str]:
    """The measured figures of some runs."""
    wins = [r for r in runs if r.attack and r.succeeded]
    calls = [r for r in wins if r.goal is not None]
    benign = [r for r in runs if r.benign]
    failed = [r for r in runs if r.attack and not r.succeeded]
    found = [r for r in calls if r.detected]
    return {
        "recall": share(sum(r.detected for r in wins), len(wins)),
        "call attacks": share(len(found), len(calls)),
        "benign alarms": share(sum(bool(r.fired) for r in benign), len(benign)),
        "first side-effecting call": share(
            sum(r.first_acting_firing == r.acting_call for r in found), len(found)
        ),
        "first call": share(sum(r.first_firing == r.first_call for r in found), len(found)),
        "attempts": share(sum(bool(r.fired) for r in failed), len(failed)),
    }


def case_of(run: Run) -> Case:
    """A benign run or a successful attack, as `wfcheck score` sees it; steps are messages."""
    alarms = sorted(place.message for places in run.fired.values() for place in places)
    return Case(run.name, tuple(alarms), run.first_call, run.succeeded, run.goal, run.acting_call)


def export(runs: list[Run], file: Path) -> None:
    """Labels for `wfcheck score --steps message`, of benign runs and successful attacks."""
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("trace", "step", "success", "goal", "effect"))
        for run in runs:
            if run.benign or (run.attack and run.succeeded):
                steps = ["" if at is None else at for at in (run.first_call, run.goal, run.acting_call)]
                rows.writerow((run.name, steps[0], "false" if run.succeeded else "true", *steps[1:]))


def audit(runs: list[Run]) -> str:
    """The measures of online auditing, over benign runs and successful attacks."""
    scores = score([case_of(run) for run in runs if run.benign or (run.attack and run.succeeded)])
    f1, shift = scores.exact_f1, scores.mean_step_error
    return (
        f"exact F1 {'-' if f1 is None else f'{float(f1):.3f}'}, "
        f"step accuracy {share(scores.step_accuracy.hits, scores.step_accuracy.of)}, "
        f"mean step error {'-' if shift is None else f'{float(shift):.2f}'} messages, "
        f"false alarms {share(scores.false_alarms.hits, scores.false_alarms.of)}"
    )


def listing(runs: list[Run]) -> Iterator[str]:
    """The runs that a better policy would have to decide otherwise."""
    for run in runs:
        what = None
        if run.benign and run.fired:
            what = "alarm"
        elif run.attack and run.succeeded and not run.detected:
            what = "missed"
        elif run.attack and run.succeeded and run.first_acting_firing != run.acting_call:
            what = "elsewhere"
        if what:
            shown = {rule: [place.message for place in places] for rule, places in run.fired.items()}
            place = f"goal {run.goal} acts {run.acting_call} {Path(run.name).name}"
            yield f"  {what}: {run.user_task} {run.injection or ''} {shown} {place}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "agentdojo")
    parser.add_argument("--suite", choices=SUITES, action="append")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument(
        "--labels",
        nargs="?",
        const="labels",
        default="",
        choices=("labels", "everywhere"),
        help="no policy but labels: on the arguments that steer, or on all arguments (everywhere)",
    )
    parser.add_argument("--provenance", choices=("values", "context"), default="values")
    parser.add_argument(
        "--hidden", action="store_true", help="cut the injected text out of the results first"
    )
    parser.add_argument("--export", type=Path, help="write labels for `wfcheck score` (of one suite)")
    parser.add_argument("--list", action="store_true", help="list alarms, misses and firings elsewhere")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"no data below {options.data}")
    for suite in options.suite or SUITES:
        together: list[Run] = []
        for runs, report, seconds in runs_of(
            suite, options.data, options.model, options.labels, options.provenance, options.hidden
        ):
            together += runs
            print_part(f"{suite}, {runs[0].model}", runs, options.list)
            print(
                f"  {report.events} events in {seconds:.2f} s; insufficient verdicts: {report.summary['insufficient']}"
            )
        print_part(f"{suite}, together", together, False)
        if options.export:
            export(together, options.export)


def print_part(title: str, runs: list[Run], details: bool) -> None:
    """One block of figures."""
    print(title)
    for name, value in figures(runs).items():
        print(f"  {name:26} {value}")
    print(f"  {audit(runs)}")
    if details:
        print("\n".join(listing(runs)))


if __name__ == "__main__":
    main()
