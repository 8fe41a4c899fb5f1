"""The airline policy over recorded runs reaches its bars; the comparison with what a task wants is worked out by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT.parent / "shared" / "data" / "tau-bench" / "gpt-4o-airline.json"


@pytest.fixture(name="bench", scope="module")
def module() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "bench"))
    yield import_module("tau_airline")
    sys.path.remove(str(ROOT / "bench"))


def run(
    wanted: list[tuple[str, dict[str, Any]]], made: list[tuple[str, dict[str, Any], str]]
) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for name, arguments, answer in made:
        function = {"name": name, "arguments": json.dumps(arguments)}
        messages.append({"role": "assistant", "tool_calls": [{"id": "again", "function": function}]})
        messages.append({"role": "tool", "tool_call_id": "again", "content": answer})
    actions = [{"name": name, "kwargs": arguments} for name, arguments in wanted]
    return {"info": {"task": {"actions": actions}}, "traj": messages}


CANCEL = "cancel_reservation"


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        ([], None),
        ([(CANCEL, {"id": 1}, "{}")], None),
        ([(CANCEL, {"id": 1, "more": 2}, "{}")], None),
        ([(CANCEL, {"id": 2}, "Error: unknown"), (CANCEL, {"id": 1}, "{}")], None),
        ([(CANCEL, {"id": 1}, "{}"), (CANCEL, {"id": 1}, "{}")], 2),
        ([("get_user_details", {"id": 9}, "{}"), (CANCEL, {"id": 2}, "{}")], 2),
    ],
)
def test_the_first_wrong_write(bench: ModuleType, made: list[Any], wrong: int | None) -> None:
    assert bench.first_wrong_write(run([(CANCEL, {"id": 1})], made)) == wrong


@pytest.mark.skipif(not RUNS.exists(), reason="the recorded runs are not here")
def test_the_bars(bench: ModuleType) -> None:
    runs, firings = bench.runs_of(RUNS), bench.firings_of(RUNS)
    wrong = {(i, r.wrong) for i, r in enumerate(runs) if r.wrong is not None}
    hit = wrong & {(f.run, f.message) for f in firings if f.rule not in bench.FORM}
    assert len(wrong) == 70
    assert len(hit) >= 0.5 * len(wrong)
    told = "\n".join(bench.precision(firings))
    assert "listed but no longer fired; fired but not read | 0; 51 |" in told
