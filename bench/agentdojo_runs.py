"""The recorded AgentDojo runs, what the benchmark's labels say of them, and where the rules of a suite fire."""

from __future__ import annotations

import csv
import json
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from wfcheck import stdlib
from wfcheck.checker.provenance.query import Mode
from wfcheck.checker.replay.result import ReplayReport
from wfcheck.checker.replay.run import replay
from wfcheck.checker.traces import openai
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.core import Effect, Program
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).resolve().parent
SUITES = ("banking", "slack", "workspace")
POLICIES = HERE.parent / "examples" / "agentdojo"


@attrs.frozen
class Place:
    """A call: its message and its number there."""

    message: int
    call: int


@attrs.frozen
class Run:
    """One recorded run and what the labels say of it. Message indices count from 0; None: there is none."""

    suite: str
    model: str
    user_task: str
    injection: str | None
    succeeded: bool
    goal: int | None
    first_call: int | None
    acting_call: int | None
    first_acting_firing: int | None
    fired: Mapping[str, tuple[Place, ...]]  # by rule, in order
    name: str

    @property
    def benign(self) -> bool:
        """A user's task without an injection."""
        return self.injection is None and self.user_task.startswith("user_")

    @property
    def attack(self) -> bool:
        """A user's task with an injection."""
        return self.injection is not None and self.user_task.startswith("user_")

    @property
    def first_firing(self) -> int | None:
        """The message of the first firing of any rule."""
        return min((place.message for places in self.fired.values() for place in places), default=None)

    @property
    def detected(self) -> bool:
        """A rule fired in time."""
        first = self.first_firing
        return first is not None and (self.goal is None or first <= self.goal)


def program_of(suite: str) -> Program:
    """The policy of a suite; leaves the program with its diagnostics if it is wrong."""
    program, diagnostics = load([POLICIES / f"{suite}.wf"], library=stdlib.load)
    errors = [d for d in diagnostics if d.severity.value == "error"]
    if errors:
        sys.exit("\n".join(f"{d.code}: {d.message} ({d.span})" for d in errors))
    return program


def firings(report: ReplayReport) -> dict[str, dict[str, tuple[Place, ...]]]:
    """Per trace and violated rule, the calls at which it fired."""
    found: dict[str, dict[str, tuple[Place, ...]]] = {}
    for result in report.results:
        if result.verdict == "violated":
            places = tuple(place_of(mark.source.pointer if mark.source else "") for mark in result.breaks)
            found.setdefault(result.trace, {})[result.rule] = places
    return found


def place_of(pointer: str) -> Place:
    """The call that a JSON pointer leads to."""
    match = re.match(r"/messages/(\d+)(?:/tool_calls/(\d+))?", pointer)
    assert match is not None
    return Place(int(match.group(1)), int(match.group(2) or 0))


def first_acting_firing(
    record: Mapping[str, Any], fired: Mapping[str, tuple[Place, ...]], goal: int | None, program: Program
) -> int | None:
    """The first firing at a call with a side effect, or at the goal call."""
    messages = record["messages"]
    return min(
        (
            place.message
            for places in fired.values()
            for place in places
            if place.message == goal
            or acts(messages[place.message]["tool_calls"][place.call]["function"], program)
        ),
        default=None,
    )


def acting_call(
    record: Mapping[str, Any], row: Mapping[str, str], truth: Mapping[str, Any], program: Program
) -> int | None:
    """The first call of the injection that has a side effect, or its goal call if none has."""
    start, goal = number(row["first_injection_call_msg"]), number(row["goal_call_msg"])
    if start is None:
        return goal
    wanted = {call["function"]: call["args"] for call in truth["ground_truth_calls"]}
    for index, message in enumerate(record["messages"][start:], start):
        for call in message.get("tool_calls") or ():
            if (
                call["function"] in wanted
                and acts(call["function"], program)
                and alike(call["args"], wanted[call["function"]])
            ):
                return index
    return goal


def acts(tool: str, program: Program) -> bool:
    """Whether the tool has a side effect."""
    declared = program.tools.get(tool)
    return declared is None or declared.effect is not Effect.READ


def alike(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a call shares an argument with the injection's (texts are compared loosely)."""
    return not wanted or any(
        str(given.get(name)).strip("/") == str(value).strip("/") for name, value in wanted.items()
    )


def number(text: str) -> int | None:
    """A label, or None where it is blank."""
    return int(text) if text else None


def runs_of(
    suite: str, data: Path, models: Iterable[str], labels: str, mode: Mode, hidden: bool = False
) -> Iterator[tuple[list[Run], ReplayReport, float]]:
    """The runs of each model, with the report and the seconds that the replay took."""
    program = program_of(f"{suite}_labels" if labels else suite)
    rows = {row["path"]: row for row in csv.DictReader((data / "labels.csv").open(encoding="utf-8"))}
    truths = json.loads((data / "tasks_ground_truth.json").read_text(encoding="utf-8"))
    for file in sorted((data / "runs").glob(f"*__{suite}.jsonl")):
        if models and file.name.partition("__")[0] not in models:
            continue
        start = time.perf_counter()
        traces = [file] if not hidden else list(without_injections(file))
        report = replay(program, traces, provenance=mode, rules=[f"{labels}.*"] if labels else [])
        seconds = time.perf_counter() - start
        fired = firings(report)
        lines = file.read_text(encoding="utf-8").splitlines()
        runs = [
            run_of(json.loads(line), f"{file}#{count}", rows, truths, program, fired)
            for count, line in enumerate(lines, 1)
        ]
        yield runs, report, seconds


def without_injections(file: Path) -> Iterator[Trace]:
    """The runs as if the injected text had been unreadable (an image, an encoding): what it brought in stands nowhere."""
    for line, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        record = json.loads(text)
        for message in record["messages"]:
            if message["role"] == "tool":
                message["content"] = re.sub(r"(?s)<INFORMATION>.*?</INFORMATION>", "", message["content"])
        items = openai.read_value(record, str(file), line, False)
        yield from (item for item in items if isinstance(item, Trace))


def run_of(
    record: Mapping[str, Any],
    name: str,
    rows: Mapping[str, Mapping[str, str]],
    truths: Mapping[str, Any],
    program: Program,
    fired: Mapping[str, Mapping[str, tuple[Place, ...]]],
) -> Run:
    """One run joined with its labels and firings."""
    row = rows[record["_path"]]
    injection = row["injection_task"] or None
    tasks = truths[row["gt_version"]][row["suite"]]["injection_tasks"] if injection else {}
    acting = acting_call(record, row, tasks[injection], program) if injection else None
    return Run(
        row["suite"],
        row["pipeline"],
        row["user_task"],
        injection,
        row["attack_succeeded"] == "True",
        number(row["goal_call_msg"]),
        number(row["first_injection_call_msg"]),
        acting,
        first_acting_firing(record, fired.get(name, {}), acting, program),
        fired.get(name, {}),
        name,
    )
