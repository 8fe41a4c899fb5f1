"""Texts as operands: patterns are regular languages. A result of None: not in terms of the solver."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from wfcheck.checker.encoding.encoded import Encoded
from wfcheck.checker.symbolic.value import Leaf, Sequence
from wfcheck.dsl import core
from wfcheck.dsl.values.regular import Chars, Choice, Regular, RegularError, Repeat
from wfcheck.dsl.values.regular import Sequence as Chain
from wfcheck.solver import build as b
from wfcheck.solver import language as lang
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import Const

Handler: TypeAlias = Callable[[core.Apply, tuple[Encoded, ...]], Encoded | None]
"""None: not in terms of the solver."""


def pattern(args: tuple[Encoded, ...], make: Callable[[str], lang.Language]) -> Encoded | None:
    """A text in the language of a constant pattern."""
    match args[0].value, args[1].value:
        case Leaf(term=text), Leaf(term=Const(value=str(written))) if text.sort is Sort.TEXT:
            return Encoded(Leaf(b.member(text, make(written))))
        case _:
            return None


def regular(parse: Callable[[str], Regular]) -> Handler:
    """`like` or `matches`."""

    def handler(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
        del expression
        try:
            return pattern(args, lambda written: _language(parse(written)))
        except RegularError:
            return None

    return handler


def _language(tree: Regular) -> lang.Language:
    match tree:
        case Chars(ranges=ranges, negated=negated):
            return lang.chars(((ord(low), ord(high)) for low, high in ranges), negated=negated)
        case Chain(parts=parts):
            return lang.Concat(tuple(map(_language, parts)))
        case Choice(options=options):
            return lang.Union(tuple(map(_language, options)))
        case Repeat(body=body, minimum=minimum, maximum=maximum):
            return lang.Repeat(_language(body), minimum, maximum)


def length(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """`length`, `count`"""
    del expression
    match args[0].value:
        case Leaf(term=text) if text.sort is Sort.TEXT:
            return Encoded(Leaf(b.length(text)))
        case Sequence(length=count):
            return Encoded(Leaf(count))
        case _:
            return None


def same_text(expression: core.Apply, args: tuple[Encoded, ...]) -> Encoded | None:
    """A conversion between kinds of texts."""
    del expression
    match args[0].value:
        case Leaf(term=text) if text.sort is Sort.TEXT:
            return Encoded(args[0].value)
        case _:
            return None
