"""Who holds a value: which of the texts seen so far an atom or a copied sentence stands in. A text is a leaf of a result, a message, a
table row.

Nothing is looked at before it is asked for: each kind of value is searched for in a text when the first question about that kind comes,
and what was found in a text is kept for the other runs that show the same text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.provenance.values import Atom, AtomKind, fold, offers, words

SHINGLE = 6
"""So many words in a row, the same in two texts, are taken for a copy."""
WHOLE_WORDS = 8
CACHED_LENGTH = 4_000
SCANNED = 200_000
"""With fewer characters in all texts, names are searched for in the texts; with more, in an index of words."""
Facet: TypeAlias = "AtomKind | Literal['word', 'shingle', 'whole']"
Key: TypeAlias = "str | int"


@attrs.define(eq=False)
class _Text:
    """A text and what was found in it so far. `folded` has a space at either end."""

    raw: str
    folded: str | None = None
    _found: dict[str, Collection[Key]] = attrs.field(factory=dict)

    def fold(self) -> str:
        if self.folded is None:
            self.folded = f" {fold(self.raw)} "
        return self.folded

    def facet(self, facet: Facet) -> Collection[Key]:
        found = self._found.get(facet)
        if found is None:
            found = self._found[facet] = self._look(facet)
        return found

    def _look(self, facet: Facet) -> Collection[Key]:
        if facet == "word":
            return frozenset(words(self.fold()))
        if facet == "shingle":
            return frozenset(_shingles(words(self.fold())))
        if facet == "whole":
            return _first_word(self.fold())
        return frozenset(offers(facet, self.raw))


def _first_word(folded: str) -> tuple[str, ...]:
    """The first word of a text that is short enough to be found as a whole in another."""
    tokens = words(folded)
    return (tokens[0],) if 0 < len(tokens) <= WHOLE_WORDS else ()


_shared = lru_cache(maxsize=10_000)(_Text)


@attrs.define
class ValueIndex:
    """Grows by `add`; asked by `holders` and `holders_of_text`, which answer ascending numbers of texts."""

    _texts: list[_Text] = attrs.field(factory=list)
    _length: int = 0
    _postings: dict[str, dict[Key, list[int]]] = attrs.field(factory=dict)
    _done: dict[str, int] = attrs.field(factory=dict)

    def add(self, text: str) -> int:
        """A new text; its number."""
        self._texts.append(_Text(text) if len(text) > CACHED_LENGTH else _shared(text))
        self._length += len(text)
        return len(self._texts) - 1

    def holders(self, atom: Atom, limit: int) -> Sequence[int]:
        """The texts before number `limit` in which the atom stands."""
        found: Sequence[int] = self._posted(atom.kind, atom.key) if atom.kind != "name" else ()
        if atom.kind in ("name", "code", "link"):
            named = self._containing(fold(atom.shown))
            found = sorted({*found, *named}) if found and named else found or named
        return found[: bisect_left(found, limit)]

    def _posted(self, facet: Facet, key: Key) -> Sequence[int]:
        return self._facet(facet).get(key, ())

    def _facet(self, facet: Facet) -> dict[Key, list[int]]:
        """The texts by what they hold of a kind, up to date."""
        postings = self._postings.setdefault(facet, {})
        done = self._done.get(facet, 0)
        if done < len(self._texts):
            for number in range(done, len(self._texts)):
                for key in self._texts[number].facet(facet):
                    postings.setdefault(key, []).append(number)
            self._done[facet] = len(self._texts)
        return postings

    def _containing(self, folded: str) -> Sequence[int]:
        """The texts in which the folded text stands as whole words."""
        tokens = words(folded)
        if not tokens:
            return ()
        alone = tokens[0] if len(tokens) == 1 and tokens[0] == folded else None
        return [
            n for n in self._candidates(folded, tokens) if alone or _stands_in(folded, self._texts[n].fold())
        ]

    def _candidates(self, folded: str, tokens: list[str]) -> Iterator[int]:
        """The texts that hold all the words, and may hold them in a row."""
        wanted = set(tokens)
        if self._length > SCANNED:
            rare = min((self._posted("word", token) for token in wanted), key=len)
            yield from (n for n in rare if wanted.issubset(self._texts[n].facet("word")))
            return
        for number, text in enumerate(self._texts):
            if folded in text.fold() and wanted.issubset(text.facet("word")):
                yield number

    def holders_of_text(self, text: str) -> Sequence[int]:
        """The texts from which a part of free text was copied: a run of words, or a short text as a whole."""
        folded = fold(text)
        tokens = words(folded)
        found: set[int] = set()
        postings = self._facet("shingle")
        for shingle in _shingles(tokens):
            found.update(postings.get(shingle, ()))
        padded = f" {folded} "
        wholes = self._facet("whole")
        for token in set(tokens):
            for number in wholes.get(token, ()):
                whole = self._texts[number].fold().strip()
                if number not in found and len(whole) >= 4 and _stands_in(whole, padded):
                    found.add(number)
        return sorted(found)


def _stands_in(needle: str, text: str) -> bool:
    start = text.find(needle)
    while start >= 0:
        end = start + len(needle)
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (before.isalnum() and needle[0].isalnum()) and not (after.isalnum() and needle[-1].isalnum()):
            return True
        start = text.find(needle, start + 1)
    return False


def _shingles(tokens: list[str]) -> Iterator[int]:
    for start in range(len(tokens) - SHINGLE + 1):
        yield hash(tuple(tokens[start : start + SHINGLE]))
