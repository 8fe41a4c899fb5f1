"""Who holds a value: an index from normalised atoms to sets of sources, grown as a run is read.

Sets of sources are integers, one bit per source. A source is a leaf of a result, a message, a table row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

import attrs

from wfcheck.checker.provenance.values import Atom, fold, offered, words

SHINGLE = 6
"""So many words in a row, the same in two texts, are taken for a copy."""
WHOLE_WORDS = 8
CACHED_LENGTH = 4_000


@attrs.frozen
class _Parts:
    """What a text holds; `whole`: its first word, if it is short enough to be found as a whole in another text."""

    folded: str
    atoms: frozenset[tuple[str, str]]
    tokens: frozenset[str]
    shingles: frozenset[int]
    whole: str | None


def _analyse(text: str) -> _Parts:
    folded = fold(text)
    tokens = words(folded)
    return _Parts(
        f" {folded} ",
        frozenset(offered(text)),
        frozenset(tokens),
        frozenset(_shingles(tokens)),
        tokens[0] if 0 < len(tokens) <= WHOLE_WORDS else None,
    )


_analysed = lru_cache(maxsize=10_000)(_analyse)
"""The runs of a fleet see the same records again and again."""


@attrs.define
class ValueIndex:
    """Grows by `add`; asked by `holders` and `holders_of_text`."""

    texts: list[str] = attrs.field(factory=list)
    _atoms: dict[tuple[str, str], int] = attrs.field(factory=lambda: defaultdict(int))
    _words: dict[str, int] = attrs.field(factory=lambda: defaultdict(int))
    _shingles: dict[int, int] = attrs.field(factory=lambda: defaultdict(int))
    _wholes: dict[str, list[int]] = attrs.field(factory=lambda: defaultdict(list))

    def add(self, text: str) -> int:
        """A new source that holds the text; its number."""
        number = len(self.texts)
        bit, parts = 1 << number, _analyse(text) if len(text) > CACHED_LENGTH else _analysed(text)
        self.texts.append(parts.folded)
        for key in parts.atoms:
            self._atoms[key] |= bit
        for token in parts.tokens:
            self._words[token] |= bit
        for shingle in parts.shingles:
            self._shingles[shingle] |= bit
        if parts.whole is not None:
            self._wholes[parts.whole].append(number)
        return number

    def holders(self, atom: Atom) -> int:
        """The sources in which the atom stands."""
        found = self._atoms.get((atom.kind, atom.key), 0)
        if atom.kind in ("name", "code", "link"):
            found |= self._containing(fold(atom.shown))
        return found

    def _containing(self, folded: str) -> int:
        """The sources in which the folded text stands as whole words."""
        tokens = words(folded)
        if not tokens:
            return 0
        candidates = -1
        for token in tokens:
            candidates &= self._words.get(token, 0)
        if len(tokens) == 1 and tokens[0] == folded:
            return candidates
        return sum(1 << n for n in bits(candidates) if _stands_in(folded, self.texts[n]))

    def holders_of_text(self, text: str) -> int:
        """The sources from which a part of free text was copied: a run of words, or a short source as a whole."""
        folded = fold(text)
        tokens = words(folded)
        found = 0
        for shingle in _shingles(tokens):
            found |= self._shingles.get(shingle, 0)
        for token in set(tokens):
            for number in self._wholes.get(token, ()):
                whole = self.texts[number].strip()
                if len(whole) >= 4 and _stands_in(whole, f" {folded} "):
                    found |= 1 << number
        return found


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


def bits(mask: int) -> Iterator[int]:
    """The numbers of the set bits, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
