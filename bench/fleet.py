"""A fleet of small runs on one and on all cores: `python bench/fleet.py [--runs 100000] [--jobs 2]`.

Message lists with a run a line, 5,000 runs a file; three rules, of which one asks where a value came from. Told are runs a second by
the clock, and the largest memory of the main process and of its largest helper."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

FILE = 5_000
SPEC = """
tool pay(to: text, amount: int) { effect irreversible }
policy p {
  payee: require pay.to from only {user}
  small: forbid pay when amount > 99
  seldom: limit count(pay) <= 2 per run
}
"""
CHILD = """
import resource, sys, time
from wfcheck.cli.main import main
begun = time.monotonic()
code = main(["replay", *sys.argv[1:]])
spent = time.monotonic() - begun
used = [resource.getrusage(who).ru_maxrss // 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(code, spent, *used)
"""


def run(rng: random.Random) -> dict[str, object]:
    """One run: a request, and one to four payments. In one of fifty the payee is made up."""
    name = rng.choice(["Anna", "Bela", "Carl"])
    messages: list[dict[str, object]] = [{"role": "user", "content": f"please pay {name} for the flowers"}]
    for number in range(rng.choice([1, 1, 1, 2])):
        to = name if rng.random() < 0.98 else "Zeno"
        call = {"id": f"c{number}", "function": "pay", "args": {"to": to, "amount": rng.randint(1, 99)}}
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": "done"},
        ]
    return {"messages": messages}


def write(folder: Path, runs: int) -> None:
    """So many runs."""
    rng = random.Random(0)
    folder.mkdir()
    for first in range(0, runs, FILE):
        lines = (json.dumps(run(rng)) for _ in range(min(FILE, runs - first)))
        (folder / f"runs{first:08}.jsonl").write_text("\n".join(lines))


def main() -> None:
    """Print one line for each number of runs and of processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        spec = Path(name) / "rules.wf"
        spec.write_text(SPEC)
        for runs in (chosen.runs // 10, chosen.runs):
            folder = Path(name) / f"runs{runs}"
            write(folder, runs)
            told = {}
            for jobs in (1, chosen.jobs):
                out = folder.with_suffix(f".{jobs}")
                words = [str(spec), str(folder), "--jobs", str(jobs), "--output", str(out)]
                made = subprocess.run(
                    [sys.executable, "-c", CHILD, *words], capture_output=True, text=True, check=True
                )
                _, seconds, own, helper = made.stdout.split()
                told[jobs] = hashlib.sha256(out.read_bytes()).hexdigest()
                rate = runs / float(seconds)
                print(
                    f"{runs:8,} runs, {jobs} jobs: {rate:8,.0f} runs/s, {own} MB, helpers {helper} MB",
                    flush=True,
                )
            assert len(set(told.values())) == 1, "the reports differ"


if __name__ == "__main__":
    main()
