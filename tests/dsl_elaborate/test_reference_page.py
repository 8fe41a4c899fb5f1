"""docs/expressions.md says what the implementation does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wfcheck.dsl.elaboration.expression_apply import SPECIAL
from wfcheck.dsl.values.operators import OPERATORS

PAGE = (Path(__file__).parents[2] / "docs" / "expressions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```wf\n(.*?)```", PAGE, re.DOTALL)
CALLED = set(re.findall(r"`(\w+)\([^`]*\)`", PAGE[PAGE.index("## Functions") :]))


def test_every_operator_has_a_row() -> None:
    rows = "\n".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([^`]+)`", rows)) | CALLED | {"neg", "ite"}
    assert set(OPERATORS) <= named


def test_every_function_of_the_page_exists() -> None:
    assert {*OPERATORS, *SPECIAL} >= CALLED


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_elaborate(load_text, text: str) -> None:
    assert not load_text(text).diagnostics
