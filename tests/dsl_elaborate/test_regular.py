"""Regular expressions and globs against Python's own, and what the dialect refuses."""

from __future__ import annotations

import fnmatch
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wfcheck.dsl.values.matching import glob_matcher, regular_matcher
from wfcheck.dsl.values.regular import RegularError, parse_regular

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\.", "[a-c1-3]", "\\w", "\\S", "é"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}", "{1,}"])).map(
            lambda p: f"(?:{p[0]}){p[1]}"
        ),
    ),
    max_leaves=6,
)
TEXTS = st.text(alphabet="ab1.\né_", max_size=8)


@given(PATTERNS, TEXTS)
def test_agrees_with_python(pattern: str, text: str) -> None:
    expected = re.fullmatch(pattern, text, re.DOTALL | re.ASCII) is not None
    assert regular_matcher(pattern).matches(text) == expected


@given(st.text(alphabet="ab*?.[", max_size=6), TEXTS)
def test_globs_agree_with_python(pattern: str, text: str) -> None:
    expected = re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]")), text) is not None
    assert glob_matcher(pattern).matches(text) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        ")",
        "[",
        "[]",
        "[b-a]",
        "a**",
        "*",
        "a{2,1}",
        "a{1001}",
        "a{",
        "(?=a)",
        "(?i)a",
        "(?P<n>a)",
        "\\1",
        "\\b",
        "^a",
        "a$",
        "\\",
        "[\\D]",
        "\\x 1",
        "a+?",
        "(" * 60 + ")" * 60,
    ],
)
def test_refused(pattern: str) -> None:
    with pytest.raises(RegularError) as caught:
        parse_regular(pattern)
    assert 0 <= caught.value.offset <= len(pattern)


def test_too_large() -> None:
    with pytest.raises(RegularError):
        regular_matcher("((a{1000}){1000}){1000}")


def test_time_is_linear() -> None:
    matcher = regular_matcher("(a+)+(a|aa)*b")
    start = time.process_time()
    assert not matcher.matches("a" * 200_000)
    assert time.process_time() - start < 2
