"""Hostile traces: nothing crashes, nothing hangs, whatever types and texts stand where values are expected."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from wfcheck import stdlib
from wfcheck.checker.provenance import sources as provenance
from wfcheck.checker.provenance.index import ValueIndex
from wfcheck.checker.provenance.values import offered, parts
from wfcheck.checker.replay import past
from wfcheck.checker.replay.run import replay
from wfcheck.dsl.core import Program
from wfcheck.dsl.elaboration.elaborate import load

HERE = Path(__file__).parent
ODD: list[Any] = [
    None, True, 0, -1, 10**4000, 1.5, "", "x", "\x1b[31m\u202e", "2026-02-30", "1e400", "a@b", "http://", "[" * 300,
    "- a: [", [], [[]], {}, {"a": {"b": [1, "2"]}}, "1," + "111," * 50, "9" * 5000, "\ud800", [None, {"sender": 3}],
]  # fmt: skip


@pytest.fixture(scope="module")
def program() -> Program:
    return load([HERE / "bank.wf"], library=stdlib.load)[0]


@pytest.fixture(scope="module")
def orders() -> Program:
    return load([HERE / "rules.wf"], library=stdlib.load)[0]


def random_run(rng: random.Random) -> dict[str, Any]:
    messages: list[Any] = [{"role": "user", "content": "refund 10 to Ann, see bill.txt"}]
    for number in range(rng.randint(1, 8)):
        tool = rng.choice(["pay", "history", "read_file", "find", "send", "open", "vault", "log", "nobody"])
        names = rng.sample(
            ["to", "amount", "note", "name", "page", "body", "key", "who", "x"], rng.randint(0, 4)
        )
        call = {"id": f"c{number}", "function": tool, "args": {name: rng.choice(ODD) for name in names}}
        content = rng.choice(ODD)
        if not isinstance(content, str):
            content = json.dumps(content)
        messages += [
            {"role": "assistant", "content": rng.choice(["", "ok", None]), "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": content},
        ]
    return {"messages": messages}


@pytest.mark.parametrize("mode", ["values", "context", "declared"])
@pytest.mark.parametrize("seed", range(25))
def test_odd_values_crash_nothing(
    program: Program, orders: Program, tmp_path: Path, seed: int, mode: Any
) -> None:
    rng = random.Random(seed)
    path = tmp_path / "r.jsonl"
    runs = (json.dumps(random_run(rng)) for _ in range(5))
    path.write_text("\n".join(runs), encoding="utf-8", errors="surrogatepass")
    for judged in (program, orders):
        report = replay(judged, [path], provenance=mode)
        assert report.traces + len(report.diagnostics) >= 5
        json.dumps(report.json())


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a-" * 50_000,
        "a." * 50_000,
        "1," * 50_000,
        "1,111" * 20_000,
        "@" * 100_000,
        "a@" * 50_000,
        "http://" * 14_000,
        "AB12" * 100_000,
        "2026-01-01" * 10_000,
        "9" * 100_000,
        "'s " * 30_000,
    ],
)
def test_no_text_makes_the_search_slow(text: str) -> None:
    start = time.process_time()
    list(offered(text))
    list(parts(text))
    index = ValueIndex()
    index.add(text)
    index.holders_of_text(text[:2000])
    assert time.process_time() - start < 5


def test_a_trace_with_many_leaves_is_bounded(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenance, "LEAF_LIMIT", 1_000)
    rows = [{"sender": f"S{n}", "amount": n, "subject": "s"} for n in range(20)]
    messages: list[Any] = [{"role": "user", "content": "pay"}]
    for number in range(20):
        call = {"id": f"c{number}", "function": "history", "args": {}}
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": json.dumps(rows)},
        ]
    path = tmp_path / "r.jsonl"
    for to, verdict in (("pay", "holds"), ("S0", "insufficient")):
        pay = {"id": "p", "function": "pay", "args": {"to": to, "amount": 1}}
        last = {"role": "assistant", "content": "", "tool_calls": [pay]}
        path.write_text(json.dumps({"messages": [*messages, last]}))
        report = replay(program, [path], rules=["pay_rules.payee"])
        assert [r.verdict for r in report.results] == [verdict]


def test_more_earlier_events_than_are_kept_settle_nothing(
    orders: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "EARLIER_LIMIT", 5)
    pay = {"id": "p", "function": "pay", "args": {"to": "a", "amount": 1}}
    last = {"role": "assistant", "content": "", "tool_calls": [pay]}
    path = tmp_path / "r.jsonl"
    for count, verdict in ((5, "holds"), (6, "insufficient")):
        said = [{"role": "user", "content": "yes"}] * count
        path.write_text(json.dumps({"messages": [*said, last]}))
        report = replay(orders, [path], rules=["order.any_in"])
        assert [r.verdict for r in report.results] == [verdict]
