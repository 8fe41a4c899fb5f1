"""What is learned from runs that passed, held against runs that were not learned from.

    python bench/mining.py [--data ../shared/data]

tau-bench (airline): a run passes with reward 1; five folds by task, so that no task is on both sides. AgentDojo: a benign run passes if
its task was done; learned from one model, held against the benign runs and the successful attacks of the other. Per row:

* states, ways: size of the automaton (the median over folds);
* accepted: share of the passing and of the failing held-out runs that it accepts;
* rules: how many rules are mined (support 3); kept: share of the passing and of the failing held-out runs that break none of them;
* seconds: of learning automaton and rules, all folds together.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

from wfcheck import stdlib
from wfcheck.checker.mining.learning import learn
from wfcheck.checker.mining.spec import Mined, mine_rules
from wfcheck.checker.mining.symbols import Abstraction, Word, words_of
from wfcheck.checker.replay.policy import compile_policy
from wfcheck.checker.replay.run import replay_trace
from wfcheck.checker.traces.registry import read_traces
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.elaboration.elaborate import load_all

FOLDS, SUPPORT = 5, 3
SUITES = ("banking", "slack", "workspace")
MODELS = ("claude-3-5-sonnet-20241022", "gpt-4o-2024-05-13")


@attrs.frozen
class Split:
    """What is learned from, and what it is held against."""

    passing: list[Word]
    failing: list[Word]
    held_passing: list[Word]
    held_failing: list[Word]


@attrs.frozen
class Learned:
    """One row of figures, of one split."""

    states: int
    ways: int
    rules: int
    accepted: tuple[int, int]
    kept: tuple[int, int]
    held: tuple[int, int]
    seconds: float


def words(file: Path) -> list[Word]:
    """All runs of a file, one word each."""
    traces = [item for item in read_traces([file]) if isinstance(item, Trace)]
    return [word for trace in traces for word in words_of(trace, Abstraction())]


def tau(data: Path) -> list[Split]:
    """Folds by task."""
    file = data / "tau-bench" / "gpt-4o-airline.json"
    runs = list(zip(json.loads(file.read_text(encoding="utf-8")), words(file), strict=True))
    made = []
    for fold in range(FOLDS):
        parts: dict[tuple[bool, bool], list[Word]] = {
            (p, h): [] for p in (True, False) for h in (True, False)
        }
        for run, word in runs:
            parts[run["reward"] == 1, run["task_id"] % FOLDS == fold].append(word)
        made.append(Split(parts[True, False], parts[False, False], parts[True, True], parts[False, True]))
    return made


def agentdojo(data: Path, suite: str) -> list[Split]:
    """Each model once as the teacher. Attacks on the teacher are the failing runs."""
    with (data / "agentdojo" / "labels.csv").open(encoding="utf-8") as file:
        labels = {row["path"]: row for row in csv.DictReader(file)}
    parts = [_parts(data / "agentdojo" / "runs" / f"{model}__{suite}.jsonl", labels) for model in MODELS]
    return [Split(*parts[0], *parts[1]), Split(*parts[1], *parts[0])]


def _parts(file: Path, labels: dict[str, dict[str, str]]) -> tuple[list[Word], list[Word]]:
    paths = [json.loads(line)["_path"] for line in file.read_text(encoding="utf-8").splitlines()]
    passing: list[Word] = []
    attacked: list[Word] = []
    for path, word in zip(paths, words(file), strict=True):
        row = labels[path]
        if row["attack_succeeded"] == "True":
            attacked.append(word)
        elif not row["attack_type"] and row["user_task"].startswith("user_task") and row["utility"] == "True":
            passing.append(word)
    return passing, attacked


def learned(split: Split, tail: int, failing: bool) -> Learned:
    """Learn, and hold it against the rest."""
    start = time.process_time()
    bad = split.failing if failing else []
    automaton = learn(split.passing, bad, tail=tail)
    mined = mine_rules(split.passing, bad, SUPPORT)
    seconds = time.process_time() - start
    held = split.held_passing, split.held_failing
    accepted = [sum(automaton.accepts(w.symbols) for w in part) for part in held]
    kept = [sum(kept_by(mined, part)) for part in held]
    return Learned(
        len(automaton.states), len(automaton.transitions), len(mined.rules), (accepted[0], accepted[1]),
        (kept[0], kept[1]), (len(held[0]), len(held[1])), seconds,
    )  # fmt: skip


def kept_by(mined: Mined, part: Sequence[Word]) -> Iterator[bool]:
    """Whether each run breaks none of the rules."""
    given = {"/mined.wf": mined.text}
    made = load_all(["/mined.wf"], library=stdlib.load, library_names=stdlib.names(), given=given)
    policy = compile_policy(made.program, ())
    for word in part:
        yield all(r.verdict != "violated" for r in replay_trace(policy, word.trace))


def row(name: str, splits: Sequence[Split], tail: int, failing: bool) -> str:
    """One line of the table."""
    found = [learned(split, tail, failing) for split in splits]
    held = [sum(f.held[side] for f in found) for side in (0, 1)]
    shares = [
        f"{sum(getattr(f, field)[side] for f in found) / max(held[side], 1):.0%}"
        for field in ("accepted", "kept")
        for side in (0, 1)
    ]
    sizes = [
        int(statistics.median(getattr(f, field) for f in found)) for field in ("states", "ways", "rules")
    ]
    seconds = sum(f.seconds for f in found)
    told = "yes" if failing else "no"
    return (
        f"| {name} | {tail} | {told} | {sizes[0]} | {sizes[1]} | {shares[0]} / {shares[1]} | {sizes[2]} "
        f"| {shares[2]} / {shares[3]} | {held[0]} / {held[1]} | {seconds:.1f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    columns = ["runs", "tail", "failing runs given", "states", "ways", "accepted: passing / failing", "rules"]
    print(f"| {' | '.join([*columns, 'kept: passing / failing', 'held out', 'seconds'])} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for tail in (1, 2):
        for failing in (False, True):
            print(row("tau-bench airline", tau(data), tail, failing), flush=True)
    for suite in SUITES:
        for tail in (1, 2):
            print(row(f"AgentDojo {suite}", agentdojo(data, suite), tail, failing=True), flush=True)


if __name__ == "__main__":
    main()
