"""Tokens, literals, documentation and what the lexer says about text that is none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.dsl import syntax
from wfcheck.dsl.parsing.parser import parse, parse_expression
from wfcheck.dsl.source import Source


def _value(text: str) -> object:
    tree, wrong = parse_expression(text)
    assert not wrong, wrong
    return tree


def _codes(text: str) -> list[tuple[str, int, int]]:
    return [(d.code, d.span.line, d.span.column) for d in parse(Source("x", text))[1] if d.span]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", Fraction(1, 2)), ("60s", 60), ("5m", 300), ("24h", 86400), ("7d", 604800), ("1.5h", 5400)],
)
def test_durations_are_exact(text: str, seconds: Fraction) -> None:
    value = _value(text)
    assert isinstance(value, syntax.DurationLit)
    assert value.seconds == seconds
    assert value.text == text


@given(st.integers(0, 10**12), st.integers(1, 12))
def test_decimals_are_exact(number: int, places: int) -> None:
    digits = str(number).rjust(places + 1, "0")
    value = _value(f"{digits[:-places]}.{digits[-places:]}")
    assert isinstance(value, syntax.DecimalLit)
    assert value.value == Fraction(number, 10**places)


@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=30))
def test_texts_have_the_escapes_of_json(value: str) -> None:
    import json

    assert _value(json.dumps(value)) == syntax.TextLit(value, span=_anywhere())
    assert _value(json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")) is not None


def _anywhere() -> syntax.Span:
    return Source("x", "").span(0, 0)


@pytest.mark.parametrize(
    ("text", "kind", "field", "value"),
    [
        ("10_000", syntax.IntLit, "value", 10000),
        ("2024-02-29", syntax.DateLit, "text", "2024-02-29"),
        ("2024-05-15T15:00-05:00", syntax.TimeLit, "text", "2024-05-15T15:00-05:00"),
        ("12:00:05", syntax.TimeLit, "text", "12:00:05"),
        ("true", syntax.BoolLit, "value", True),
        ("`get-sum`", syntax.Name, "text", "get-sum"),
        ("größe", syntax.Name, "text", "größe"),
    ],
)
def test_literals(text: str, kind: type, field: str, value: object) -> None:
    tree = _value(text)
    assert isinstance(tree, kind)
    assert getattr(tree, field) == value


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("12abc", "WF107"), ("1e5", "WF107"), ("10__0", "WF107"), ('"abc', "WF106"), ('"a\\x"', "WF106"), ("'abc'", "WF106"),
        ('"a\tb"', "WF106"), ('"\\ud800"', "WF106"), ("`abc", "WF108"), ("a matches /abc", "WF109"), ("2024-02-30", "WF112"),
        ("2023-02-29", "WF112"), ("2024-05-15T25:00", "WF112"), ("12:61", "WF112"), ("a ; b", "WF105"), ("ﬁx", "WF122"),
        ("a" * 300, "WF110"), ("1" * 500, "WF110"), ('"' + "a" * 200_000 + '"', "WF110"), ("a matches b", "WF101"), ("/x/", "WF101"),
        ("0.5.5", "WF101"), ("1..2", "WF101"), ("&", "WF105"),
    ],
)  # fmt: skip
def test_what_is_no_literal_is_reported_once_and_first(text: str, code: str) -> None:
    tree, wrong = parse_expression(text)
    assert tree is None
    assert wrong[0].code == code
    assert wrong[0].help


def test_a_regular_expression_ends_at_the_slash_outside_of_a_class() -> None:
    tree = _value(r"a matches /[/x]+\/b/ and c / d > 2")
    assert isinstance(tree, syntax.Binary)
    assert isinstance(tree.left, syntax.Binary)
    assert tree.left.right == syntax.RegexLit(r"[/x]+\/b", span=_anywhere())


def test_documentation_belongs_to_what_stands_directly_below() -> None:
    text = (
        "## of the file\nimport std.labels\n\n## not this\n\n## a\n##  b\n# between\ntool t()\n### banner\ntool u() ## trailing\n"
        "policy p {\n  ## rule\n  @severity(high)\n  r: forbid t\n  ## nothing below\n}\n## end\n"
    )
    tree, wrong = parse(Source("x", text))
    assert not wrong
    assert tree.doc == "of the file"
    assert [item.doc for item in tree.items] == ["a\n b", None, None]
    policy = tree.items[2].declaration
    assert isinstance(policy, syntax.PolicyDecl)
    assert policy.rules[0].doc == "rule"
    assert [c.text for c in tree.comments if not c.own_line] == ["## trailing"]
    assert len(tree.comments) == 10


def test_spans_count_lines_and_columns_from_one() -> None:
    tree, _ = parse(Source("f.wf", "\n  tool größe(a: int)\n"))
    declaration = tree.items[0].declaration
    assert isinstance(declaration, syntax.ToolDecl)
    span = declaration.name.span
    assert (span.file, span.line, span.column, span.end_line, span.end_column) == ("f.wf", 2, 8, 2, 13)
    parameter = declaration.parameters[0].span
    assert (parameter.column, parameter.end_column) == (14, 20)


@pytest.mark.parametrize("bracket", ["(", "[", "{", "f("])
def test_deep_nesting_is_refused_politely(bracket: str) -> None:
    good = 60 if bracket == "f(" else 90
    for depth in (good, 101, 5000):
        close = {"(": ")", "[": "]", "{": "}", "f(": ")"}[bracket]
        tree, wrong = parse_expression(bracket * depth + "x" + close * depth)
        assert [d.code for d in wrong] == ([] if depth == good else ["WF111"])
        assert (tree is None) == (depth != good)
    assert _codes("define a = " + bracket * 5000)[0][0] in {"WF111"}


@pytest.mark.parametrize("operator", ["+", "and", "or", "implies", "*"])
def test_long_chains_are_refused_politely(operator: str) -> None:
    good, wrong = parse_expression(f" {operator} ".join(["a"] * 150))
    assert good is not None
    assert not wrong
    assert repr(good)
    bad, wrong = parse_expression(f" {operator} ".join(["a"] * 10_000))
    assert bad is None
    assert [d.code for d in wrong] == ["WF111"]


@pytest.mark.parametrize("text", ["- " * 5000 + "a", "not " * 5000 + "a", "if a then b else " * 5000 + "a", "a" + ".b" * 5000,
                                  "a" + "[0]" * 5000, "any x in xs: " * 5000 + "a"])  # fmt: skip
def test_long_prefixes_and_suffixes_are_refused_politely(text: str) -> None:
    _, wrong = parse_expression(text)
    assert [d.code for d in wrong] == ["WF111"]


def test_deep_types_and_blocks_are_refused_politely() -> None:
    assert [c for c, _, _ in _codes("type t = " + "list<" * 3000 + "int" + ">" * 3000)] == ["WF111"]
    nested = "workflow w() {" + "if a {" * 3000 + "}" * 3000 + "}\ntool t()"
    assert [c for c, _, _ in _codes(nested)] == ["WF111"]
    assert [c for c, _, _ in _codes("workflow w() { if a { } " + "else if a { } " * 3000 + "}")] == []
