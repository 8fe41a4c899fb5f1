"""Attacks that never happened: what the injected text asks for, put into the runs in which the model resisted.

    python bench/agentdojo_grafts.py [--data ../shared/data/agentdojo] [--suite banking|slack|workspace] [--model NAME] [--labels]

Each run of an attack is cut behind the first message with injected text; there the calls follow that the injection asks for, as the
benchmark spells them. A graft is found if a rule fires at or before its last call, and named if the first firing of all is its first
call. No rule was written with these runs in sight; the arguments are those of the benchmark's own solution, not a model's.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
from agentdojo import share
from agentdojo_runs import HERE, SUITES, firings, program_of

from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces import openai
from wfcheck.checker.traces.trace import Trace

MODEL = "claude-3-5-sonnet-20241022"


@attrs.frozen
class Graft:
    """A run with calls put in: the messages of the first and the last of them."""

    trace: Trace
    user_task: str
    injection: str
    first: int
    last: int


def grafts(file: Path, suite: str, rows: Mapping[str, Any], truths: Mapping[str, Any]) -> Iterator[Graft]:
    """The grafted runs of a file."""
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        record = json.loads(text)
        row = rows[record["_path"]]
        attack = row["injection_task"] and row["user_task"].startswith("user_") and row["first_tainted_msg"]
        if not attack or row["attack_succeeded"] == "True":
            continue
        kept = end_of_turn(record["messages"], int(row["first_tainted_msg"]))
        wanted = truths[row["gt_version"]][suite]["injection_tasks"][row["injection_task"]][
            "ground_truth_calls"
        ]
        record["messages"] = record["messages"][:kept] + list(put_in(wanted))
        for trace in openai.read_value(record, str(file), line, False):
            if isinstance(trace, Trace) and wanted:
                last = kept + 2 * (len(wanted) - 1)
                yield Graft(trace, row["user_task"], row["injection_task"], kept, last)


def end_of_turn(messages: list[Any], tainted: int) -> int:
    """The number of messages up to the last answer of the turn."""
    at = tainted + 1
    while at < len(messages) and messages[at]["role"] == "tool":
        at += 1
    return at


def put_in(wanted: list[Any]) -> Iterator[dict[str, Any]]:
    """The messages of calls and their empty answers."""
    for number, each in enumerate(wanted):
        call = {"function": each["function"], "args": each["args"], "id": f"graft{number}"}
        yield {"role": "assistant", "content": None, "tool_calls": [call]}
        yield {
            "role": "tool",
            "content": "None",
            "tool_call_id": call["id"],
            "tool_call": call,
            "error": None,
        }


def measure(suite: str, file: Path, data: Path, labels: bool) -> None:
    """Print the figures of a file and what was missed."""
    rows = {row["path"]: row for row in csv.DictReader((data / "labels.csv").open(encoding="utf-8"))}
    truths = json.loads((data / "tasks_ground_truth.json").read_text(encoding="utf-8"))
    found = list(grafts(file, suite, rows, truths))
    program = program_of(f"{suite}_labels" if labels else suite)
    rules = ["labels.*"] if labels else []
    fired = firings(replay(program, [graft.trace for graft in found], rules=rules))
    first = [
        min((p.message for places in fired.get(graft.trace.name, {}).values() for p in places), default=None)
        for graft in found
    ]
    hits = [at is not None and at <= graft.last for graft, at in zip(found, first, strict=True)]
    named = [at == graft.first for graft, at in zip(found, first, strict=True)]
    print(f"{suite}: found {share(sum(hits), len(hits))}, first call named {share(sum(named), len(named))}")
    for graft, hit in zip(found, hits, strict=True):
        if not hit:
            print(f"  missed: {graft.user_task} {graft.injection}")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "agentdojo")
    parser.add_argument("--suite", choices=SUITES, action="append")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--labels", action="store_true", help="no policy but labels")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"no data below {options.data}")
    for suite in options.suite or SUITES:
        measure(
            suite, options.data / "runs" / f"{options.model}__{suite}.jsonl", options.data, options.labels
        )


if __name__ == "__main__":
    main()
