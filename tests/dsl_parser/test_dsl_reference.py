"""The language reference shows every keyword and every rule of the grammar, and its examples parse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from wfcheck.dsl.parsing.parser import parse, productions_of
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.parsing.tables import load_tables
from wfcheck.dsl.parsing.tokens import RESERVED
from wfcheck.dsl.source import Source

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
EXAMPLES = [
    Source(f"example {i}", text) for i, text in enumerate(re.findall(r"^```wf\n(.*?)^```", PAGE, re.M | re.S))
]


@pytest.mark.parametrize("source", EXAMPLES, ids=lambda s: s.path)
def test_examples_parse_and_are_formatted(source: Source) -> None:
    tree, wrong = parse(source)
    assert not wrong
    assert tree.items or tree.imports
    assert format_source(source) == source.text


def test_every_keyword_is_shown() -> None:
    shown = {word for source in EXAMPLES for word in re.findall(r"\w+", source.text)}
    assert not set(load_tables().keywords) - shown


def test_every_reserved_word_is_listed() -> None:
    paragraph = PAGE[PAGE.index("**Reserved words**") :].split("\n\n")[0]
    listed = re.search(r"`([^`]*\ball)`", paragraph)
    assert listed is not None
    assert set(listed[1].split()) == RESERVED


def test_every_rule_is_shown() -> None:
    used = {action for source in EXAMPLES for action in productions_of(source)}
    wanted = {production.action for production in load_tables().productions if production.action}
    assert not wanted - used
