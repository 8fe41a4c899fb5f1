"""How fast rules are stepped over recorded events: `python bench/replay_speed.py [--events 1000000] [--rules 100] [--repeat 3]`.

Synthetic runs over twenty tools, 25 events a run, 40 runs a session; rules of nine forms by turns. `plain` names only rules about
the order of calls. Memory is the peak of the process less what it held before the first event."""

from __future__ import annotations

import argparse
import gc
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from wfcheck import stdlib
from wfcheck.checker.replay.policy import CompiledPolicy, compile_policy
from wfcheck.checker.replay.stream import judge_stream
from wfcheck.checker.traces.event import Event
from wfcheck.dsl.elaboration.elaborate import load

TOOLS = 20
RUN = 25
SESSION = 1_000


def spec(rules: int, plain: bool) -> str:
    """A program with so many rules."""
    lines = ["principal boss is human", "principal clerk is agent"]
    for i in range(TOOLS):
        effect = "irreversible" if i % 4 == 0 else "write" if i % 2 else "read"
        lines.append(
            f"tool t{i}(to: text, amount: int) -> any {{ effect {effect} returns {{}} emits nothing }}"
        )
    lines.append("policy p {")
    lines += [f"  r{n}: {rule_text(n, plain)}" for n in range(rules)]
    return "\n".join([*lines, "}"])


def rule_text(n: int, plain: bool) -> str:
    """The n-th rule. None is ever broken, so that no findings pile up."""
    i, j, k = n % TOOLS, (n + 7) % TOOLS, (n + 3) % TOOLS
    forms = [
        f"forbid t{i} after fail(t{j})",
        f"require input before t{i}",
        f"forbid t{i} after fail(t{j}) until t{k}",
        f"require input since fail(t{j}) before t{i}",
        f"limit count(t{i}) <= 1000 per session",
        f"limit sum(t{i}.amount) <= 1000000 per session",
        f"forbid t{i} when amount > 5000",
        f"forbid t{i}(to: same) after fail(t{i})",
        f"limit count(t{i}) <= 100 per t{i}.to per run",
    ]
    return forms[n % 4 if plain else n * 7 % 9]


def compiled(rules: int, plain: bool) -> CompiledPolicy:
    """The policy of so many rules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.wf"
        path.write_text(spec(rules, plain))
        program, diagnostics = load([path], library=stdlib.load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return compile_policy(program)


def events(count: int) -> Iterator[Event]:
    """So many events, made as they are asked for."""
    rng = random.Random(0)
    picks = [
        (f"t{rng.randrange(TOOLS)}", {"to": rng.choice("abcdef"), "amount": rng.randrange(100)})
        for _ in range(997)
    ]
    for index in range(count):
        number, at = divmod(index, RUN)
        session, run = f"s{index // SESSION}", f"r{number}"
        tool, arguments = picks[(index // 2) % 997]
        if at == RUN - 1:
            yield Event(kind="end", seq=index, session=session, run=run)
        elif at == 0:
            yield Event(kind="input", seq=index, session=session, run=run, actor="user", text="go")
        elif at % 2:
            yield Event(
                kind="call", seq=index, session=session, run=run, actor="clerk", tool=tool,
                call=f"c{index}", args_requested=arguments,
            )  # fmt: skip
        else:
            tool, _ = picks[((index - 1) // 2) % 997]
            yield Event(
                kind="result",
                seq=index,
                session=session,
                run=run,
                tool=tool,
                call=f"c{index - 1}",
                result="ok",
            )


def measure(policy: CompiledPolicy, count: int, repeat: int) -> tuple[float, int]:
    """Seconds of the processor for stepping alone (making the events is measured apart and taken off), the best of some rounds, since
    others use the machine; and kB that memory grew in all of them."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spent = min(_round(policy, count) for _ in range(repeat))
    return spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before


def _round(policy: CompiledPolicy, count: int) -> float:
    start = time.process_time()
    for _ in events(count):
        pass
    making = time.process_time() - start
    gc.collect()
    start = time.process_time()
    results = judge_stream(policy, events(count)).results
    spent = time.process_time() - start - making
    assert {r.verdict for r in results} == {"holds"}, [r for r in results if r.verdict != "holds"][:3]
    return spent


def main() -> None:
    """Print one line per number of rules and events."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    few, many = chosen.events // 10, chosen.events
    for plain in (True, False):
        kind = "order of calls" if plain else "nine forms"
        for rules, count in [(chosen.rules, few), (chosen.rules * 2, few), (chosen.rules, many)]:
            policy = compiled(rules, plain)
            spent, memory = measure(policy, count, chosen.repeat)
            told = f"{count / spent:10,.0f} events/s  +{memory:,} kB"
            print(f"{kind:15} {rules:4} rules {count:9,} events {told}", flush=True)


if __name__ == "__main__":
    main()
