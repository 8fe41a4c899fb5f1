"""Every folder of examples/ has a cases.toml: commands, exit codes and expected output, compared byte for byte.

`WFCHECK_BLESS=1 pytest tests/examples` rewrites the expected output; read the difference before committing it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def cases() -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for folder in sorted(path.parent for path in EXAMPLES.glob("*/cases.toml")):
        for case in tomllib.loads((folder / "cases.toml").read_text(encoding="utf-8"))["case"]:
            found.append((folder, case))
    return found


def name(value: object) -> str:
    return value.name if isinstance(value, Path) else str(value["output"])  # type: ignore[index]


@pytest.mark.parametrize(("folder", "case"), cases(), ids=name)
def test_case(folder: Path, case: dict[str, Any]) -> None:
    command = [sys.executable, "-m", "wfcheck", *case["command"]]
    if case["command"][0] == "check":  # a busy machine needs longer, and says the same in the end
        command += ["--timeout", "60s"]
    environment = {**os.environ, "NO_COLOR": "1"}
    run = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, env=environment, check=False
    )
    expected = folder / "expected" / case["output"]
    if os.environ.get("WFCHECK_BLESS"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(run.stdout, encoding="utf-8")
    assert run.returncode == case["exit"], run.stdout + run.stderr
    assert run.stdout == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=name)
def test_every_folder_has_cases_and_a_readme(folder: Path) -> None:
    assert (folder / "README.md").exists()
    assert (folder / "cases.toml").exists()
