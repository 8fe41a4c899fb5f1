"""The formatter keeps the tree and the comments, is idempotent, and settles the space between tokens."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.dsl.parsing.parser import layout_of, parse
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

FOLDER = Path(__file__).parent / "samples"
SAMPLES = sorted(FOLDER.glob("*.wf"))
ROOT = Path(__file__).parents[2]
SHIPPED = sorted([*ROOT.glob("stdlib/**/*.wf"), *ROOT.glob("examples/**/*.wf")])


def formatted(text: str) -> str:
    result = format_source(Source("x", text))
    assert isinstance(result, str), result
    return result


def check(text: str) -> None:
    """The laws: same tree, same comments in the same order before the same tokens, idempotent."""
    after = formatted(text)
    assert parse(Source("x", after)) == parse(Source("x", text))
    assert formatted(after) == after
    assert _sequence(after) == _sequence(text)


def _sequence(text: str) -> list[str]:
    tokens, _, wrong = layout_of(Source("x", text))
    assert not wrong
    rows = [(tokens.starts[i], tokens.texts[i]) for i in range(len(tokens.kinds)) if tokens.kinds[i] != "DOC"]
    return [piece for _, piece in sorted(rows + [(c.span.start, c.text) for c in tokens.comments])]


def test_the_example_of_the_reference_formats_to_itself() -> None:
    text = (FOLDER / "refunds.wf").read_text(encoding="utf-8")
    assert formatted(text) == text


@pytest.mark.parametrize("path", [*SAMPLES, *SHIPPED], ids=lambda p: p.name)
def test_laws(path: Path) -> None:
    check(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_files_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text


def _respaced(text: str, rng: random.Random) -> str:
    """The same tokens and comments, with any space between them that the language allows."""
    tokens, _, _ = layout_of(Source("x", text))
    rows = [
        (tokens.starts[i], tokens.texts[i], False)
        for i in range(len(tokens.kinds) - 1)
        if tokens.kinds[i] != "DOC"
    ]
    rows += [(c.span.start, c.text, True) for c in tokens.comments]
    out, after_comment = [], True
    for _, piece, comment in sorted(rows):
        gap = rng.choice([" ", " ", " ", "  ", "    ", "\t", "\n", "\n  ", "\n\n\n     ", " \r\n"])
        out.append(("\n" + gap if after_comment or (comment and rng.random() < 0.5) else gap) + piece)
        after_comment = comment
    return "".join(out) + rng.choice(["", "\n", "\n\n\n"])


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
@settings(max_examples=4, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_laws_under_any_spacing(path: Path, seed: int) -> None:
    text = _respaced(path.read_text(encoding="utf-8"), random.Random(seed))
    after = formatted(text)
    assert parse(Source("x", after)) == parse(Source("x", text))
    assert formatted(after) == after
    assert _sequence(after) == _sequence(text)
    assert not re.search(r"[ \t]\n|\n\n\n|\t|\r", re.sub(r'"[^"]*"', "x", after))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        ("\n\n# only\n\n\n# comments", "# only\n\n# comments\n"),
        ("define a=-b*-c-d", "define a = -b * -c - d\n"),
        ("define  a  =  not(x)and(y)in{z}", "define a = not (x) and (y) in {z}\n"),
        ("define a = f( x , y:1 )[ 0 ] . z", "define a = f(x, y: 1)[0].z\n"),
        ("define a = {x:1} == { x:1} and {} == { }", "define a = {x: 1} == { x: 1 } and {} == {}\n"),
        ("type t = map < text , list<int>? > where it<3", "type t = map<text, list<int>?> where it < 3\n"),
        ("import std . mail(a as b)", "import std.mail (a as b)\n"),
        ("@ risk ( \"x\" )tool t ( )", '@risk("x") tool t()\n'),
        ("workflow w(){say x}", "workflow w() { say x }\n"),
        ("workflow w(){\nx=1\n\n\ny=2\n\n}", "workflow w() {\n  x = 1\n\n  y = 2\n}\n"),
        ("workflow w() {\n\n  # a\n  x = 1 # b\n  # c\n}", "workflow w() {\n  # a\n  x = 1  # b\n  # c\n}\n"),
        ("policy p {\n r: forbid t\n when a\n and b\n}", "policy p {\n  r: forbid t\n      when a\n      and b\n}\n"),
        ("policy p {\n a:   forbid t\n bcd: forbid t\n}", "policy p {\n  a:   forbid t\n  bcd: forbid t\n}\n"),
        ("tool t() { effect read  returns  {}   pure }", "tool t() { effect read  returns {} pure }\n"),
        ("policy p {\n a:      forbid t\n bcd: forbid t\n}", "policy p {\n  a: forbid t\n  bcd: forbid t\n}\n"),
        ("workflow w() as p\nrequires a\n{\nf(\n1,\n{\na: 2,\n}\n)\n}",
         "workflow w() as p\n    requires a\n{\n  f(\n    1,\n    {\n      a: 2,\n    }\n  )\n}\n"),
        ("policy p {\n@severity(high)\nr: forbid t\n}", "policy p {\n  @severity(high)\n  r: forbid t\n}\n"),
        ("tool t(){emits c (a)\nemits d(a)}", "tool t() { emits c (a)\n  emits d(a) }\n"),
        ("test \"x\" { message from a to b (x: 1) input user (a) }", 'test "x" { message from a to b (x: 1) input user (a) }\n'),
    ],
)  # fmt: skip
def test_spacing(text: str, wanted: str) -> None:
    assert formatted(text) == wanted
    check(text)


def test_a_file_with_mistakes_is_refused() -> None:
    result = format_source(Source("x", "tool t(\n"))
    assert isinstance(result, tuple)
    assert [d.code for d in result] == ["WF103"]
