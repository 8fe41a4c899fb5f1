"""Heavy and foreign packages enter through doors of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("src", "dsl", "solver", "checker", "stdlib")


def importers(package: str) -> set[str]:
    found = set()
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                if any(name.split(".")[0] == package for name in names):
                    found.add(path.name)
    return found


@pytest.mark.parametrize(
    ("package", "doors"),
    [
        ("lark", {"tables.py"}),
        ("z3", {"z3_backend.py", "horn_backend.py"}),  # a child process each
        ("cvc5", {"cvc5_backend.py"}),
        ("networkx", {"graph.py"}),
        ("graphviz", {"graph.py"}),
    ],
)
def test_each_enters_by_its_doors(package: str, doors: set[str]) -> None:
    assert importers(package) - {"_api.py"} == doors
