"""What asking the guard costs: `python bench/guard.py [--rules 100] [--calls 20000] [--repeat 5]`.

Each call is asked about with `before` and comes back with `after`; the times are of `before` alone and of both together, in
microseconds: of the processor, so that others on the machine do not count, but for the log on the disk, where it is the clock's."""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from pathlib import Path

from replay_speed import events, spec

import wfcheck
from wfcheck.checker.traces.event import Event


def measure(policy: wfcheck.GuardPolicy, asked: list[Event], log: Path | None, sync: str, repeat: int) -> str:
    """The median and the 99th percentile of a question, and of a question with what follows; the best of some rounds, since others
    use the machine."""
    rounds = []
    for number in range(repeat):
        rounds.append(_round(policy, asked, log and Path(f"{log}-{number}"), sync))
    before, both = ([min(r[at][i] for r in rounds) for i in (0, 1)] for at in (0, 1))
    return f"before {_shown(before)}   with after {_shown(both)}"


def _round(
    policy: wfcheck.GuardPolicy, asked: list[Event], log: Path | None, sync: str
) -> tuple[list[float], list[float]]:
    guard = wfcheck.Guard(policy, log=log, sync="always" if sync == "always" else "written")
    before: list[int] = []
    both: list[int] = []
    gc.collect()
    gc.disable()
    clock = time.perf_counter_ns if sync == "always" else time.thread_time_ns
    for event in asked:
        if event.kind == "call":
            start = clock()
            answer = guard.before(event)
            before.append(clock() - start)
            assert isinstance(answer, wfcheck.Allow), answer
        else:
            start = clock()
            guard.after(event)
            if event.kind == "result":
                both.append(clock() - start + before[-1])
    gc.enable()
    guard.close()
    return _spread(before), _spread(both)


def _spread(times: list[int]) -> list[float]:
    times = sorted(times[len(times) // 10 :])  # without the first ones
    return [times[len(times) // 2] / 1000, times[len(times) * 99 // 100] / 1000]


def _shown(spread: list[float]) -> str:
    return f"p50 {spread[0]:6.1f}  p99 {spread[1]:6.1f} us"


def main() -> None:
    """Print one line for each kind of rules and of log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args()
    asked = [*events(chosen.calls * 2)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for plain in (True, False):
            file = folder / f"{plain}.wf"
            file.write_text(spec(chosen.rules, plain))
            policy = wfcheck.compile_guard(file)
            start = time.perf_counter()
            policy.compiled()
            made = time.perf_counter() - start
            print(
                f"{chosen.rules} rules, {'order of calls' if plain else 'nine forms'}; compiled in {made * 1000:.0f} ms",
                flush=True,
            )
            print(f"  no log       {measure(policy, asked, None, 'written', chosen.repeat)}", flush=True)
            written = measure(policy, asked, folder / f"{plain}.log", "written", chosen.repeat)
            print(f"  log written  {written}", flush=True)
            disk = measure(policy, asked[:4000], folder / f"{plain}.disk", "always", 1)
            print(f"  log on disk  {disk}", flush=True)


if __name__ == "__main__":
    main()
