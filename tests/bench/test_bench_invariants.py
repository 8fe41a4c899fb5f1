"""The benchmarks of unbounded proofs run on small sizes and say what they should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wfcheck.solver import second

BENCH = Path(__file__).resolve().parents[2] / "bench"


def _run(name: str, *arguments: str) -> str:
    command = [sys.executable, str(BENCH / name), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_unbounded_proofs_are_measured() -> None:
    lines = _run("invariants.py", "--repeat", "1", "--counters", "2", "--seconds", "20").splitlines()
    outcomes = [line.split("|")[-2].strip() for line in lines if "| prove |" in line]
    assert outcomes == ["proved"] * 5 + ["refuted 42"]


@pytest.mark.skipif(not second.available(), reason="cvc5 is an extra")
def test_two_solvers_are_compared() -> None:
    lines = _run("two_solvers.py", "--systems", "3").splitlines()
    counts = {tuple(p.strip() for p in line.split("|")[1:3]): int(line.split("|")[3]) for line in lines[2:]}
    assert counts["unsat", "unsat"] > 20
    assert counts["sat", "sat"] > 20
    assert {first == other for first, other in counts} == {True}
