"""docs/command-line.md speaks of every option and setting there is, and its examples run."""

from __future__ import annotations

import argparse
import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from wfcheck.checker import config
from wfcheck.checker.report.formats import FORMATS
from wfcheck.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")


def options(command: str) -> set[str]:
    parser = argparse.ArgumentParser(add_help=False)
    import_module(f"wfcheck.cli.{command.replace('-', '_')}_command").configure(parser)
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_a_command_is_on_the_page(command: str) -> None:
    assert f"`wfcheck {command}" in PAGE
    for option in options(command):
        rows = [
            line
            for line in PAGE.splitlines()
            if re.search(rf"`{option}\b|[ |]{option}[ `]|\[{option}\b", line)
        ]
        assert rows, f"{command} {option}"


def test_the_page_names_no_option_that_does_not_exist() -> None:
    known = set.union(*map(options, COMMANDS)) | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= known


def test_the_example_configuration_has_every_key(tmp_path: Path) -> None:
    text = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
    (tmp_path / "pyproject.toml").write_text(text)
    assert set(tomllib.loads(text)["tool"]["wfcheck"]) == set(config.KEYS)
    assert set(config.load(tmp_path).values) == set(config.KEYS)


def test_every_format_is_on_the_page() -> None:
    for name in FORMATS:
        assert f"`{name}`" in PAGE


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    exec(compile(code, "docs/command-line.md", "exec"), {})
    assert "payments.payee violated" in capsys.readouterr().out
