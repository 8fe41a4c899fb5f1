"""The plugin for pytest, in a project of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOOLS = "tool post(body: text) -> text { effect write  emits nothing  returns {} }\n"
FILES = {
    "tools.wf": TOOLS,
    "rules.wf": 'import "tools.wf"\npolicy p {\n  quiet: forbid post\n}\n',
    "good.wf": 'import "rules.wf"\nworkflow go(topic: text from {user}) {\n  say topic\n}\n',
    "bad.wf": 'import "tools.wf" (post)\nimport "rules.wf"\nworkflow go(topic: text from {user}) {\n  post(body: topic)\n}\n',
    "more/case.wf": 'import "../rules.wf"\nimport "../tools.wf"\ntest "posts" {\n  call post(body: "x") -> "y"\n'
    '  expect violated p.quiet at 0\n}\ntest "wrong" {\n  call post(body: "x") -> "y"\n  expect ok\n}\n',
    "test_api.py": 'def test_api(wfcheck):\n    assert wfcheck.check("good.wf").ok\n',
}  # fmt: skip


def project(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run(folder: Path, *words: str) -> tuple[dict[str, str], str]:
    """The outcome of each item, and everything that was printed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "wfcheck.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-rA",
        *words,
    ]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=240, check=False
    )
    found = re.findall(r"^(PASSED|FAILED|ERROR) (\S.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    return {name: outcome for outcome, name in found}, done.stdout + done.stderr


def test_each_rule_of_each_workflow_is_an_item(tmp_path: Path) -> None:
    found, text = run(project(tmp_path, FILES))
    assert found == {
        "bad.wf::go::p.quiet": "FAILED",
        "good.wf::go::p.quiet": "PASSED",
        "more/case.wf::test::posts": "PASSED",
        "more/case.wf::test::wrong": "FAILED",
        "test_api.py::test_api": "PASSED",
    }
    assert "VIOLATED" in text
    assert "a run that breaks it" in text
    assert "Traceback" not in text


def test_one_item_can_be_named(tmp_path: Path) -> None:
    found, text = run(project(tmp_path, FILES), "bad.wf::go::p.quiet")
    assert found == {"bad.wf::go::p.quiet": "FAILED"}, text


def test_bad_input_fails_and_decides_nothing(tmp_path: Path) -> None:
    broken = {**FILES, "rules.wf": FILES["rules.wf"].replace("post", "poost")}
    found, text = run(project(tmp_path, broken), "rules.wf", "good.wf")
    assert found["rules.wf::input"] == "FAILED", text
    assert "poost" in text
    assert "PASSED" not in found.values()


def test_a_workflow_that_was_not_asked_for_is_not_lost(tmp_path: Path) -> None:
    more = {**FILES, "all.wf": 'import "bad.wf"\n'}
    found, text = run(project(tmp_path, more), "all.wf")
    assert found == {"all.wf::go::p.quiet": "FAILED"}, text


def test_what_a_folder_hides_is_checked_by_itself(tmp_path: Path) -> None:
    files = {
        "site-packages/idle.wf": TOOLS
        + 'workflow go() {\n  post(body: "x")\n}\npolicy p {\n  quiet: forbid post\n}\n'
    }
    found, text = run(project(tmp_path, files), "site-packages")
    assert found == {"site-packages/idle.wf::go::p.quiet": "FAILED"}, text
    found, text = run(tmp_path)
    assert found == {"site-packages/idle.wf::go::p.quiet": "FAILED"}, text


def test_settings_are_those_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "wfcheck.toml").write_text('fail-on = "vacuous"\n', encoding="utf-8")
    idle = {"idle.wf": TOOLS + "workflow go() {\n}\npolicy p {\n  asked: require say before post\n}\n"}
    found, text = run(project(tmp_path, idle), "idle.wf")
    assert found == {"idle.wf::go::p.asked": "FAILED"}, text
    assert "VACUOUS" in text
    (tmp_path / "wfcheck.toml").write_text('fail-on = "never"\n', encoding="utf-8")
    assert "WF802" in run(tmp_path, "idle.wf")[1]
