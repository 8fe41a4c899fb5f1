"""The run-time half starts without a solver, a parser or a graph library."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import wfcheck.checker.replay.run, wfcheck.checker.monitor, wfcheck.checker.traces.registry
print(sorted({"z3", "lark", "networkx", "graphviz"} & set(sys.modules)))
"""


def test_replay_imports_neither_solver_nor_parser() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
