"""Printed values: what hosts dump as text is read back without evaluating anything."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.checker.traces.dumped import UNSTRUCTURED, Unstructured, parse_dumped


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("{'a': 'it\\'s', 'b': None, 'c': True}", {"a": "it's", "b": None, "c": True}),
        ("[]", []),
        ("12", 12),
        ("98.70", Decimal("98.70")),
        ("None", None),
        ("- a\n- 'b c'\n- 3", ["a", "b c", 3]),
        ("- name: x\n  tags:\n  - p\n  - q\n- name: y\n  tags: []", [{"name": "x", "tags": ["p", "q"]}, {"name": "y", "tags": []}]),
        ("a: one\n  two\nb: 'x\n\n  y'\nc: \"q\\\n  \\ r\"", {"a": "one two", "b": "x\ny", "c": "q r"}),
        ("a: 'it''s \\n'", {"a": "it's \\n"}),
        ("a: |-\n  one\n  two", {"a": "one\ntwo"}),
        ("when: '2024-05-15'\nurl: https://a.example/b", {"when": "2024-05-15", "url": "https://a.example/b"}),
    ],
)  # fmt: skip
def test_printed_values(text: str, value: object) -> None:
    assert parse_dumped(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "hello there", "Dear tenant,\nplease note: the rent", "[1, __import__('os')]", "{'a': open('x')}", "- a\nrest", "[" * 5000],
)  # fmt: skip
def test_prose_and_code_stay_text(text: str) -> None:
    assert parse_dumped(text) is UNSTRUCTURED


@given(st.text(max_size=300))
def test_nothing_crashes(text: str) -> None:
    parse_dumped(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii"), max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=8), v, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=4) | st.dictionaries(st.text(max_size=8), VALUES, max_size=4))
def test_printed_collections_are_read_back(value: object) -> None:
    found = parse_dumped(repr(value))
    assert not isinstance(found, Unstructured)
    assert found == value
