"""How many violated rules get a verified repair: every violated or possible rule of the cases that fool other checkers
(`tests/adversarial`) and of the unsafe specs of the gallery (`examples`).

    python bench/repairs.py [--seconds 60] [FILE...]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import wfcheck

ROOT = Path(__file__).resolve().parents[1]


def corpora() -> dict[str, list[Path]]:
    """The specs by where they are from."""
    cases = sorted((ROOT / "tests/adversarial").glob("case*.wf"))
    bad = [path for path in cases if not path.stem.endswith("_repaired")]
    return {"adversarial": bad, "examples": sorted((ROOT / "examples").glob("*/unsafe.wf"))}


def measure(path: Path, seconds: float) -> list[tuple[str, str, str, int]]:
    """For each rule that is open: its name, its verdict, what became of it and how many changes were tried."""
    fixed = wfcheck.fix(path, budget=seconds)
    found = []
    for outcome in fixed.outcomes:
        end = "already" if outcome.already else "repaired" if outcome.found.repairs else "left"
        if end == "left" and not outcome.found.complete:
            end = "time"
        verdict = "" if outcome.verdict is None else outcome.verdict.value
        found.append((outcome.rule, verdict, end, outcome.found.tried))
    return found


def main() -> int:
    """Print a line for each rule, and the sums."""
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    args = parser.parse_args()
    groups = {"files": args.files} if args.files else corpora()
    sums = {}
    for group, paths in groups.items():
        counts: Counter[str] = Counter()
        whole = 0
        start = time.perf_counter()
        for path in paths:
            rules = measure(path, args.seconds)
            counts.update(end for _, _, end, _ in rules)
            ends = {end for _, _, end, _ in rules}
            whole += bool(rules) and ends <= {"already", "repaired"}
            for rule, verdict, end, tried in rules:
                print(f"{path.parent.name}/{path.name}: {rule} {verdict} {end} ({tried} tried)", flush=True)
        sums[group] = {
            "specs": len(paths),
            "whole": whole,
            **counts,
            "seconds": round(time.perf_counter() - start),
        }
    print(json.dumps(sums, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
