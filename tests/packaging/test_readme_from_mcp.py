"""README, "From an MCP dump to a finding": the commands, word for word, behave as their comments say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[tuple[str, int]]:
    """Each command with the exit code that it should have."""
    [block] = re.findall(
        r"^## From an MCP dump to a finding$.*?^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    )
    found = []
    for line in block.splitlines():
        command, _, comment = line.partition(" #")
        code = re.search(r"exits with (\d)", comment)
        found.append((command.strip(), int(code[1]) if code else 0))
    return found


def test_a_finding_takes_less_than_ten_commands() -> None:
    assert len(commands()) < 10
    assert [code for _, code in commands()] == [0, 0, 0, 1, 1, 0, 0]


def test_what_follows_the_installation(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "from-mcp", tmp_path / "examples" / "from-mcp")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "wfcheck"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wfcheck "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    shown = run(tmp_path, commands()[2:], f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert "VIOLATED       starter.steered" in shown[1]
    assert "VIOLATED       desk.steered" in shown[2]
    assert "`ticket` may steer whether `issue_refund` is called" in shown[2]
    assert "repaired  desk.steered" in shown[3]
    assert "VIOLATED" not in shown[4]


def run(folder: Path, listed: list[tuple[str, int]], path: str) -> list[str]:
    found = []
    for line, code in listed:
        done = subprocess.run(
            ["bash", "-c", line], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=600, check=False
        )  # fmt: skip
        assert done.returncode == code, f"{line}\n{done.stdout}{done.stderr}"
        found.append(done.stdout)
    return found


def test_a_machine_with_only_python(tmp_path: Path) -> None:
    if os.environ.get("WFCHECK_INSTALL") != "1":
        pytest.skip("installs wfcheck into a new environment: set WFCHECK_INSTALL=1")
    shutil.copytree(
        ROOT, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info")
    )
    first, *rest = commands()
    made, _, _ = first[0].partition(" && ")
    assert made == "python3 -m venv .venv"
    venv.create(tmp_path / "copy" / ".venv", with_pip=True)
    run(tmp_path / "copy", rest, f"{tmp_path / 'copy' / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
