"""The README's commands exist, and what it shows behaves as it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def wfcheck(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wfcheck", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_first_command_installs_and_proves() -> None:
    assert "pip install . && wfcheck check examples/banking" in README
    run = wfcheck("check", "examples/banking")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "VIOLATED" not in run.stdout


def test_the_second_command_is_what_ci_runs() -> None:
    assert 'pip install ".[test]" && pytest' in README
    assert 'readme_commands.py "Test it"' in (ROOT / ".ci/run").read_text(encoding="utf-8")


@pytest.mark.parametrize("line", re.findall(r"^\$ wfcheck (.+)$", README, re.MULTILINE))
def test_console_lines_run(line: str) -> None:
    words: list[str] = []
    for word in line.split():
        words += sorted(str(p.relative_to(ROOT)) for p in ROOT.glob(word)) if "*" in word else [word]
    run = wfcheck(*words)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stderr


def test_the_shown_spec_is_violated_by_its_flow(tmp_path: Path) -> None:
    spec = re.findall(r"```wf\n(.*?)```", README, re.DOTALL)[0]
    path = tmp_path / "publish.wf"
    path.write_text(spec, encoding="utf-8")
    run = wfcheck("check", str(path))
    assert run.returncode == 1
    assert "privacy.no_leak" in run.stdout
