"""Hidden results: a handle goes where its type fits, and nowhere else."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wfcheck
from wfcheck.checker.labels.type_overlap import may_share
from wfcheck.checker.reference.minimal import candidates, conforms
from wfcheck.checker.result import Verdict
from wfcheck.dsl import types
from wfcheck.dsl.types import Type

SCALARS = [types.Scalar(n) for n in ("bool", "int", "decimal", "text", "date", "duration", "address", "url")]


def records(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    fields = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return fields.map(lambda found: types.RecordType(None, tuple(found.items())))


def larger(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    return st.one_of(
        inner.map(types.ListType),
        inner.map(types.OptionType),
        inner.map(lambda t: types.MapType(types.TEXT, t)),
        records(inner),
    )


LEAVES = st.sampled_from([*SCALARS, types.AnyType(), types.EnumType(None, ("a", "b"))])
TYPES = st.recursive(LEAVES, larger, max_leaves=5)


@given(TYPES, TYPES)
def test_types_with_a_common_value_may_share(first: Type, second: Type) -> None:
    assert may_share(first, first)
    assert may_share(first, second) == may_share(second, first)
    if any(conforms(value, second) for value in islice(candidates(first), 40)):
        assert may_share(first, second)


PROGRAM = """
secrecy secret
influence web
channel outside
principal helper is agent {{ clears {{secret}} }}
type Page = {{ title: text, body: text }}
type Note = {{ title: text, body: text, tags: list<text>? }}
tool own() -> text {{ effect read  emits nothing  returns {{secret}} }}
tool page() -> {hidden} {{ effect read  emits nothing  returns {{web}} }}
tool post(body: {body}) {{ effect irreversible  emits outside  returns {{}} }}
workflow w(request: text from {{user}}) as helper {{
  agent work(request) may {{ own, page, post, say }} hides {{ page }} max 5 steps
}}
policy p {{ together: forbid flow secret -> external when influence meets web }}
"""

FITS = [
    ("text", "text"),
    ("text?", "text"),
    ("text", "any"),
    ("any", "text"),
    ("Page", "Page"),
    ("Page", "Note"),
    ("Page", "any"),
]
EMPTY_FITS = [("list<Page>", "list<text>"), ("Page?", "text?")]
APART = [
    ("Page", "text"),
    ("list<Page>", "text"),
    ("Page", "list<Page>"),
    ("Page?", "text"),
    ("Page", "{ title: text }"),
    ("text", "Page"),
]


def verdict(tmp_path: Path, hidden: str, body: str) -> Verdict:
    file = tmp_path / "w.wf"
    file.write_text(PROGRAM.format(hidden=hidden, body=body))
    report = wfcheck.check(file)
    return next(r.verdict for r in report.results if r.rule == "p.together")


@pytest.mark.parametrize(("hidden", "body"), FITS)
def test_a_handle_that_fits_is_passed_on(tmp_path: Path, hidden: str, body: str) -> None:
    assert verdict(tmp_path, hidden, body) is Verdict.VIOLATED


@pytest.mark.parametrize(("hidden", "body"), EMPTY_FITS)
def test_a_handle_that_fits_where_it_holds_nothing_may_be_passed_on(
    tmp_path: Path, hidden: str, body: str
) -> None:
    assert verdict(tmp_path, hidden, body) in (Verdict.VIOLATED, Verdict.POSSIBLE)


@pytest.mark.parametrize(("hidden", "body"), APART)
def test_a_handle_that_does_not_fit_is_not(tmp_path: Path, hidden: str, body: str) -> None:
    assert verdict(tmp_path, hidden, body) is Verdict.PROVED
