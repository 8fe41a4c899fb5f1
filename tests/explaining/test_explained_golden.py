"""The whole text for the rules of the shipped example. After a wanted change: WRITE_GOLDEN=1 pytest tests/explaining, and read the
difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wfcheck.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden"
RULES = ("approved", "payee", "small", "allow(assistant)", "password", "no_leak")
POLICIES = {"password": "account", "no_leak": "account"}


@pytest.mark.parametrize("rule", RULES)
def test_explained_as_before(
    rule: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    name = f"{POLICIES.get(rule, 'payments')}.{rule}"
    assert main(["explain", name, "examples/banking"]) == 0
    shown = capsys.readouterr().out
    file = GOLDEN / f"{name.replace('(', '-').replace(')', '')}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")
