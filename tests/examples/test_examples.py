"""Every folder of examples/ has a cases.toml: commands, exit codes and expected output, compared byte for byte.

`WFCHECK_BLESS=1 pytest tests/examples` rewrites the expected output; read the difference before committing it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from wfcheck.cli.main import main

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
def test_case(
    folder: Path, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = list(case["command"])
    if command[0] == "check":  # a busy machine needs longer, and says the same in the end
        command += ["--timeout", "60s"]
    monkeypatch.chdir(folder)
    monkeypatch.setenv("NO_COLOR", "1")
    code = main(command)
    told = capsys.readouterr()
    expected = folder / "expected" / case["output"]
    if os.environ.get("WFCHECK_BLESS"):
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(told.out, encoding="utf-8")
    assert code == case["exit"], told.out + told.err
    assert told.out == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=name)
def test_every_folder_has_cases_and_a_readme(folder: Path) -> None:
    assert (folder / "README.md").exists()
    assert (folder / "cases.toml").exists()
