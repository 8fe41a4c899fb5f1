"""Regular languages: against Python's `re` on all short words, and the pathological ones in time."""

from __future__ import annotations

import re
from itertools import islice, product

import pytest

from wfcheck.solver import automata as a
from wfcheck.solver import build as b
from wfcheck.solver import language as lang
from wfcheck.solver.backend import solve
from wfcheck.solver.sort import Sort
from wfcheck.solver.verdict import Sat, Unsat

A, B = lang.chars([(97, 97)]), lang.chars([(98, 98)])
AB = lang.chars([(97, 98)])
LANGUAGES = {
    "a*": lang.Repeat(A, 0, None),
    "(ab)+": lang.Repeat(lang.concat(A, B), 1, None),
    "a{2,3}b?": lang.concat(lang.Repeat(A, 2, 3), lang.Repeat(B, 0, 1)),
    "[^a]*": lang.Repeat(lang.chars([(97, 97)], negated=True), 0, None),
    "(a|bb)*c": lang.concat(lang.Repeat(lang.Union((A, lang.concat(B, B))), 0, None), lang.word("c")),
    "(?s:.*)ab": lang.concat(lang.ANY_TEXT, lang.word("ab")),
    "a{0}": lang.Repeat(A, 0, 0),
    "(a|)b": lang.concat(lang.Union((A, lang.word(""))), B),
}
WORDS = ["".join(w) for n in range(5) for w in product("abc", repeat=n)]


@pytest.mark.parametrize("pattern", LANGUAGES)
def test_membership_agrees_with_re(pattern: str) -> None:
    for word in WORDS:
        assert a.accepts(LANGUAGES[pattern], word) is bool(re.fullmatch(pattern, word)), word


@pytest.mark.parametrize(("first", "second"), list(product(LANGUAGES, repeat=2)))
def test_combinations_agree_with_enumeration(first: str, second: str) -> None:
    machine = a.product((LANGUAGES[first], LANGUAGES[second]))
    seen = {tuple(bool(re.fullmatch(p, w)) for p in (first, second)) for w in WORDS}
    assert seen <= set(machine.possible)
    for signature in machine.possible:
        for word in islice(machine.words(signature), 3):
            assert tuple(bool(re.fullmatch(p, word)) for p in (first, second)) == signature


def test_finite_combinations_are_listed_in_full() -> None:
    language = LANGUAGES["a{2,3}b?"]
    assert set(a.product((language,)).finite((True,)) or ()) == {"aa", "aab", "aaa", "aaab"}
    assert a.product((language,)).finite((False,)) is None
    assert a.product((lang.ANY_CHAR,)).finite((True,)) is None


def test_subset_and_overlap() -> None:
    inside = lang.concat(lang.ANY_TEXT, lang.word("@acme.example"))
    loose = lang.concat(lang.ANY_TEXT, lang.word("@acme"), lang.ANY_CHAR, lang.word("example"))
    assert a.subset(inside, loose) is None
    assert a.subset(loose, inside) is not None
    assert a.overlap(inside, lang.Repeat(A, 0, None)) is None
    assert a.overlap(inside, loose) == "@acme.example"


def test_large_bounds_do_not_hang() -> None:
    letters = lang.Repeat(lang.chars([(97, 122)]), 1, 1000)
    assert a.satisfiable((letters,), (lang.of_length(0, 990),)) == "a" * 991
    assert a.satisfiable((letters,), (lang.of_length(0, 1000),)) is None


def test_a_product_beyond_bounds_is_refused() -> None:
    ends = tuple(lang.concat(lang.ANY_TEXT, A, lang.Repeat(AB, n, n)) for n in (15, 16, 17))
    with pytest.raises(a.TooLargeError):
        a.product(ends)


def test_two_different_words_of_a_one_word_language() -> None:
    x, y = b.symbol("x", Sort.TEXT), b.symbol("y", Sort.TEXT)
    one = lang.word("a")
    assert solve(b.and_(b.member(x, one), b.member(y, one), b.distinct(x, y))) == Unsat(())
    two = lang.Union((lang.word("a"), lang.word("b")))
    both = b.and_(b.member(x, two), b.member(y, two), b.distinct(x, y))
    assert isinstance(solve(both), Sat)
    assert solve(b.and_(both, b.distinct(x, b.text("a")), b.distinct(y, b.text("a")))) == Unsat(())


def test_inconsistent_atoms_are_unsatisfiable() -> None:
    x, y = b.symbol("x", Sort.TEXT), b.symbol("y", Sort.TEXT)
    inside = lang.concat(lang.ANY_TEXT, lang.word(".example"))
    assert solve(b.and_(b.member(x, inside), b.member(x, lang.Repeat(A, 0, None)))) == Unsat(())
    linked = b.and_(b.member(x, inside), b.eq(x, y), b.not_(b.member(y, inside)))
    assert solve(linked) == Unsat(())
    assert solve(b.and_(b.member(x, inside), b.eq(x, b.text("no")))) == Unsat(())


def test_lengths_and_patterns_together() -> None:
    x = b.symbol("x", Sort.TEXT)
    letters = lang.Repeat(lang.chars([(97, 122)]), 1, 1000)
    answer = solve(
        b.and_(b.member(x, letters), b.lt(b.integer(4), b.length(x)), b.le(b.length(x), b.integer(6)))
    )
    assert isinstance(answer, Sat)
    assert len(answer.model.symbols["x"]) in (5, 6)
