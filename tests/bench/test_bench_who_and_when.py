"""The rules of process over the failure logs: an alarm at a failure names the call, and the published figures are those."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from wfcheck.checker.scoring.metrics import score

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT.parent / "shared" / "data" / "who-and-when"
TABLE = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")


@pytest.fixture(name="bench", scope="module")
def module() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "bench"))
    yield import_module("who_and_when")
    sys.path.remove(str(ROOT / "bench"))


@pytest.mark.skipif(not LOGS.exists(), reason="the logs are not here")
def test_the_published_figures(bench: ModuleType) -> None:
    logs = bench.logs_of(LOGS)
    scores = score(bench.WAYS["all five rules"](log) for log in logs)
    assert len(logs) == 40
    assert scores.false_alarms.of == 0
    for line in bench.expressible(logs):
        assert line in TABLE
    assert (
        f"| all five rules | {bench.number(scores.exact_f1)} | {bench.share(scores.step_accuracy)} |" in TABLE
    )


@pytest.mark.skipif(not LOGS.exists(), reason="the logs are not here")
def test_an_alarm_at_a_failure_names_the_call(bench: ModuleType) -> None:
    failing = [log for log in bench.logs_of(LOGS) if "runs" in log.alarms]
    assert failing
    for log in failing:
        failed = [e for e in log.trace.events if e.kind == "fail"]
        assert {step + 1 for step in log.alarms["runs"]} == {bench._step(e) for e in failed}
