"""What is installed is what the tree holds, under one name."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = {
    "dsl": "wfcheck/dsl",
    "solver": "wfcheck/solver",
    "checker": "wfcheck/checker",
    "stdlib": "wfcheck/stdlib",
    "src/wfcheck": "wfcheck",
}
SHIPPED = {".py", ".lark", ".wf", ".md", ".typed", ".tables", ".json", ".js", ".css"}


def installed() -> Distribution:
    try:
        return distribution("wfcheck")
    except PackageNotFoundError:
        pytest.skip("wfcheck is not installed here: run pip install . first")


def in_tree() -> set[str]:
    found = set()
    for folder, package in PLACES.items():
        for path in (ROOT / folder).rglob("*"):
            hidden = "__pycache__" in path.parts or any(part.startswith(".") for part in path.parts[-2:])
            if path.is_file() and not hidden and (path.suffix in SHIPPED):
                found.add(f"{package}/{path.relative_to(ROOT / folder).as_posix()}")
    return found


def in_wheel() -> set[str]:
    files = installed().files or []
    return {file.as_posix() for file in files if "__pycache__" not in file.parts}


def test_every_file_of_the_tree_is_installed() -> None:
    packaged = {name for name in in_wheel() if name.startswith("wfcheck/")}
    assert packaged == in_tree()


def test_only_wfcheck_and_its_metadata_reach_site_packages() -> None:
    tops = {name.split("/")[0] for name in in_wheel() if not name.startswith("..")}
    assert {top for top in tops if not top.startswith("wfcheck-")} == {"wfcheck"}


def test_the_version_is_the_one_of_the_metadata() -> None:
    import wfcheck

    assert wfcheck.__version__ == installed().version
