"""How much of recorded tau-bench airline runs the policy text explains, written as rules.

    python bench/tau_airline.py [--data ../shared/data/tau-bench] [--list]

The runs are replayed against `examples/tau-airline/policy.wf`. Figures:

* runs that wrote something wrong: reward 0, and a call that changed something and is none of those that the task wants
  (`info.task.actions`; each counts once); the earliest such call is the first wrong write;
* explained: a rule fires exactly there. Rules of form alone (one call at a time, no words beside a call) do not count;
* scores: the first firing of all against the first wrong write, as online-auditing work scores alarms; runs with reward 1 count as
  safe, although some break the policy;
* precision: `tau_airline_read.csv` holds firings that were read by hand: `right`, `wide` (right only if a sentence about changed
  flights is meant of new cabins and bags as well) or `wrong`. Of each run and rule it lists the first firing, all but those of
  `conversation.silent`, of which the first ten runs.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

import wfcheck
from wfcheck.checker.scoring.metrics import Case, score
from wfcheck.checker.scoring.report import percent

HERE = Path(__file__).resolve().parent
POLICY = HERE.parent / "examples" / "tau-airline" / "policy.wf"
READ = HERE / "tau_airline_read.csv"
WRITES = frozenset(
    {"book_reservation", "cancel_reservation", "send_certificate", "update_reservation_baggages", "update_reservation_flights",
     "update_reservation_passengers"}
)  # fmt: skip
FORM = frozenset({"conversation.single", "conversation.silent"})
HEURISTIC = "heuristic"


@attrs.frozen
class Run:
    """One run: its reward, and the message of its first wrong write. Messages count from 0."""

    reward: float
    wrong: int | None


@attrs.frozen
class Firing:
    """A rule that fired at a message."""

    run: int
    message: int
    rule: str
    heuristic: bool


def same(actual: Any, wanted: Any) -> bool:
    """Whether arguments are those that the task wants; an object may say more."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(
            key in actual and same(actual[key], wanted[key]) for key in wanted
        )
    if isinstance(wanted, list):
        return isinstance(actual, list) and len(actual) == len(wanted) and all(map(same, actual, wanted))
    return bool(actual == wanted)


def answer(messages: Sequence[Mapping[str, Any]], call: str) -> str:
    """What the environment answered to a call; identifiers come again later."""
    return next((str(m["content"]) for m in messages if m.get("tool_call_id") == call), "Error: none")


def first_wrong_write(run: Mapping[str, Any]) -> int | None:
    """The message of the first call that changed something and that the task does not want."""
    wanted = [a for a in run["info"]["task"]["actions"] if a["name"] in WRITES]
    for index, message in enumerate(run["traj"]):
        for call in message.get("tool_calls") or ():
            name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
            if name not in WRITES or answer(run["traj"][index:], call["id"]).startswith("Error:"):
                continue
            match = next((a for a in wanted if a["name"] == name and same(arguments, a["kwargs"])), None)
            if match is None:
                return index
            wanted.remove(match)
    return None


def runs_of(file: Path) -> list[Run]:
    """The runs of a file."""
    return [
        Run(run["reward"], first_wrong_write(run) if run["reward"] == 0 else None)
        for run in json.loads(file.read_text())
    ]


def firings_of(file: Path) -> list[Firing]:
    """Where which rule fires."""
    report = wfcheck.replay(POLICY, file)
    found = []
    for result in report.results:
        for mark in result.breaks if result.verdict == "violated" else ():
            assert mark.source is not None
            run, _, message = mark.source.pointer.split("/")[1:4]
            found.append(Firing(int(run), int(message), result.rule, result.heuristic))
    return found


def explained(runs: Sequence[Run], firings: Sequence[Firing]) -> Iterator[str]:
    """Of the first wrong writes, those at which a rule fires."""
    at = defaultdict(set)
    for firing in firings:
        at[firing.run, firing.message].add(firing)
    wrong = [(index, run.wrong) for index, run in enumerate(runs) if run.wrong is not None]
    for words, left_out in (
        ("any rule of substance", FORM),
        (
            "without `cabin_payment_named` and `bags_payment_named`",
            FORM | {"changing.cabin_payment_named", "changing.bags_payment_named"},
        ),
        ("without rules that read what was said", FORM | {HEURISTIC}),
    ):
        hits = sum(
            any(f.rule not in left_out and not (HEURISTIC in left_out and f.heuristic) for f in at[place])
            for place in wrong
        )
        yield f"| {words} | {hits}/{len(wrong)} ({100 * hits / len(wrong):.1f} %) |"


def scores(runs: Sequence[Run], firings: Sequence[Firing]) -> Iterator[str]:
    """Exact F1 and its companions."""
    alarms = defaultdict(list)
    for firing in firings:
        if firing.rule not in FORM:
            alarms[firing.run].append(firing.message)
    found = score(
        Case(str(index), tuple(alarms[index]), step=run.wrong, failed=run.reward == 0)
        for index, run in enumerate(runs)
    )
    assert found.exact_f1 is not None
    assert found.mean_step_error is not None
    yield f"| exact F1 | {float(found.exact_f1):.3f} |"
    for words, share in (
        ("step accuracy", found.step_accuracy),
        ("alarm at the first wrong write or before it", found.in_time),
        ("failed runs with any alarm", found.detected),
        ("runs with reward 1 with any alarm", found.false_alarms),
    ):
        yield f"| {words} | {share.hits}/{share.of} ({percent(share)}) |"
    yield f"| mean step error, in messages | {float(found.mean_step_error):.2f} |"


def table(runs: Sequence[Run], firings: Sequence[Firing]) -> Iterator[str]:
    """Each rule: runs in which it fires, with which reward, and at the first wrong write."""
    yield "| rule | runs | reward 0 | reward 1 | at the first wrong write |"
    yield "|---|---|---|---|---|"
    for rule in sorted({f.rule for f in firings}):
        fired = {f.run for f in firings if f.rule == rule}
        exact = {f.run for f in firings if f.rule == rule and f.message == runs[f.run].wrong}
        good = sum(runs[run].reward == 1 for run in fired)
        yield f"| `{rule}` | {len(fired)} | {len(fired) - good} | {good} | {len(exact)} |"


def precision(firings: Sequence[Firing]) -> Iterator[str]:
    """The judgements, and firings that they do not speak of."""
    with READ.open(newline="") as file:
        rows = list(csv.DictReader(file))
    fired = {(f.run, f.message, f.rule) for f in firings}
    gone = [row for row in rows if (int(row["run"]), int(row["message"]), row["rule"]) not in fired]
    judged = Counter(row["judgement"] for row in rows if row not in gone)
    total = sum(judged.values())
    substance = [row for row in rows if row not in gone and row["rule"] not in FORM]
    right = sum(row["judgement"] == "right" for row in substance)
    unread = {(f.run, f.rule) for f in firings} - {(int(row["run"]), row["rule"]) for row in rows}
    yield f"| read | {total}: {judged['right']} right, {judged['wide']} wide, {judged['wrong']} wrong |"
    yield f"| precision, `wide` counted as wrong | {100 * judged['right'] / total:.1f} % |"
    yield f"| the same without rules of form | {right}/{len(substance)} ({100 * right / len(substance):.1f} %) |"
    yield f"| precision, `wide` counted as right | {100 * (judged['right'] + judged['wide']) / total:.1f} % |"
    yield f"| listed but no longer fired; fired but not read | {len(gone)}; {len(unread)} |"


def main(argv: Sequence[str] | None = None) -> int:
    """Replay and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "tau-bench")
    parser.add_argument("--list", action="store_true", help="list the firings instead")
    args = parser.parse_args(argv)
    file = args.data / "gpt-4o-airline.json"
    if not file.exists():
        sys.stderr.write(f"there are no runs in {args.data}\n")
        return 2
    runs, firings = runs_of(file), firings_of(file)
    if args.list:
        lines: list[str] = [f"{f.run},{f.message},{f.rule}" for f in firings]
    else:
        wrong = sum(run.wrong is not None for run in runs)
        lines = [
            f"{len(runs)} runs, {sum(r.reward == 1 for r in runs)} with reward 1; {wrong} wrote something wrong",
            "",
        ]
        lines += [
            "| a rule at the first wrong write | |",
            "|---|---|",
            *explained(runs, firings),
            *precision(firings),
            "",
        ]
        lines += ["| first firing against first wrong write | |", "|---|---|", *scores(runs, firings), ""]
        lines += table(runs, firings)
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
