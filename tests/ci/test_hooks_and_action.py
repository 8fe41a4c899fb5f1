"""The files that other systems read: their commands run as those systems would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.importers import yaml

ROOT = Path(__file__).resolve().parents[2]
TOOLS = "tool post(body: text) -> text { effect write  emits nothing  returns {} }\n"
BAD = TOOLS + 'workflow go() {\n  post(body: "x")\n}\npolicy p {\n  quiet: forbid post\n}\n'


def read(name: str) -> Any:
    return yaml.load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with `wfcheck` on its path."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "wfcheck"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wfcheck "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "go.wf").write_text(BAD, encoding="utf-8")
    return tmp_path


def shell(project: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{project / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=project, env={**os.environ, "PATH": path, **env}, capture_output=True, text=True, timeout=120, check=False
    )  # fmt: skip


def test_hooks_are_commands_of_wfcheck(project: Path) -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert set(hooks) == {"wfcheck", "wfcheck-test", "wfcheck-fmt"}
    assert all(hook["language"] == "python" and hook["files"] for hook in hooks.values())
    assert shell(project, hooks["wfcheck"]["entry"]).returncode == 1
    assert shell(project, hooks["wfcheck-test"]["entry"]).returncode == 0
    (project / "a folder" / "go.wf").write_text(BAD.replace("  post(", " post( "), encoding="utf-8")
    assert hooks["wfcheck-fmt"].get("pass_filenames") is None
    assert shell(project, f"{hooks['wfcheck-fmt']['entry']} 'a folder/go.wf'").returncode == 0
    assert (project / "a folder" / "go.wf").read_text(encoding="utf-8") == BAD


def steps() -> dict[str, Any]:
    return {step.get("name", step.get("uses")): step for step in read("action.yml")["runs"]["steps"]}


def check(
    project: Path, upload: str, paths: str, options: str = ""
) -> tuple[str, subprocess.CompletedProcess[str]]:
    output = project / "output"
    output.write_text("", encoding="utf-8")
    script = steps()["Check"]["run"]
    env = {
        "WFCHECK_PATHS": paths,
        "WFCHECK_OPTIONS": options,
        "WFCHECK_UPLOAD": upload,
        "WFCHECK_SARIF": "out.sarif",
    }
    done = shell(project, script, GITHUB_OUTPUT=str(output), **env)
    assert done.returncode == 0, done.stderr
    return output.read_text(encoding="utf-8"), done


def test_the_action_writes_sarif_and_fails_at_its_end(project: Path) -> None:
    output, _ = check(project, "true", "\na folder\n", "--seed\n3\n")
    assert output == "exit-code=1\n"
    assert '"p.quiet"' in (project / "out.sarif").read_text(encoding="utf-8")
    verdict = steps()["Verdict"]["run"]
    assert [shell(project, verdict, WFCHECK_CODE=code).returncode for code in ("0", "1", "3")] == [0, 1, 3]


def test_without_upload_findings_are_annotations(project: Path) -> None:
    output, done = check(project, "false", "a folder")
    assert output == "exit-code=1\n"
    assert "::error file=a folder/go.wf" in done.stdout


@pytest.mark.parametrize("paths", ["$(touch pwned)", "`touch pwned`", "; touch pwned", "--output=pwned"])
def test_inputs_are_words_and_nothing_else(project: Path, paths: str) -> None:
    assert check(project, "false", paths)[0] == "exit-code=2\n"
    assert not (project / "pwned").exists()


def test_no_step_lets_github_write_into_a_shell() -> None:
    scripts = [step["run"] for step in steps().values() if "run" in step]
    assert len(scripts) == 3
    assert not any("${{" in script for script in scripts)
