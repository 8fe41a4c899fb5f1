"""Replay of one file from end to end, reading included: `python bench/replay_file.py [--events 1000000] [--rules 10 100]`.

The runs of `replay_speed.py` are written as a `wftrace` file and replayed by processes of their own: their time on the processor is
compared with that of decoding the same lines (msgspec to plain values, and the standard `json`), and their largest memory with that
of a file a tenth as long. `order`: rules about the order of calls; `forms`: nine forms by turns; `workflow`: with one to follow."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parent))

from replay_speed import TOOLS, events, spec

HEADER = b'{"format":"wftrace","version":1}\n'
FLOW = """
workflow desk(go: text from {user}) as clerk { agent helper(go) may { TOOLS } max 10_000_000 steps }
"""


def write(path: Path, count: int) -> None:
    """So many events."""
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.write(HEADER)
        for event in events(count):
            file.write(encode(event) + b"\n")


def specs(folder: Path, rules: int) -> dict[str, Path]:
    """The specs of so many rules by what they are."""
    flow = FLOW.replace("TOOLS", ", ".join(f"t{i}" for i in range(TOOLS)))
    made = {"order": spec(rules, True), "forms": spec(rules, False), "workflow": spec(rules, True) + flow}
    paths = {}
    for name, text in made.items():
        paths[name] = folder / f"{name}_{rules}.wf"
        paths[name].write_text(text)
    return paths


def decoding(path: Path, decode: Callable[[bytes], object]) -> float:
    """Seconds to decode each line."""
    start = time.process_time()
    with path.open("rb") as file:
        for line in file:
            decode(line)
    return time.process_time() - start


CHILD = """
import resource, sys, time
from wfcheck.cli.main import main
code = main(["replay", *sys.argv[1:], "--jobs", "1", "--output", sys.argv[2] + ".txt"])
used = resource.getrusage(resource.RUSAGE_SELF)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def replayed(rules: Path, path: Path) -> tuple[float, int]:
    """Seconds on the processor and kB of memory of one replay, the start of Python and the compiling of the spec included."""
    told = subprocess.run(
        [sys.executable, "-c", CHILD, str(rules), str(path)], capture_output=True, text=True, check=True
    )
    code, seconds, memory = told.stdout.split()
    assert code in ("0", "1", "3"), told.stdout + told.stderr
    return float(seconds), int(memory)


def main() -> None:
    """Print one line for each spec and length."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--kinds", nargs="+", default=["order", "forms", "workflow"])
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few, many = folder / "few.wftrace.jsonl", folder / "many.wftrace.jsonl"
        write(few, chosen.events // 10)
        write(many, chosen.events)
        fast, plain = decoding(many, msgspec.json.decode), decoding(many, json.loads)
        print(
            f"{chosen.events:,} events: msgspec {chosen.events / fast:,.0f}/s, json {chosen.events / plain:,.0f}/s"
        )
        for count in chosen.rules:
            for kind, rules in specs(folder, count).items():
                if kind in chosen.kinds:
                    _measure(f"{kind:9} {count:4} rules", rules, few, many, chosen.events, fast)


def _measure(title: str, rules: Path, few: Path, many: Path, count: int, fast: float) -> None:
    short, less = replayed(rules, few)
    long, more = replayed(rules, many)
    spent = (long - short) / 0.9  # what the start costs is in both
    print(
        f"{title}: {count / spent:9,.0f} events/s ({spent / fast:.1f} x decoding with msgspec), "
        f"{less / 1024:.0f} MB with {count // 10:,} events, {more / 1024:.0f} MB with {count:,}",
        flush=True,
    )


if __name__ == "__main__":
    main()
