"""The exact value of a term under a model. Slow and plain: it judges what the solver says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any, assert_never

import attrs

from wfcheck.solver.automata import accepts
from wfcheck.solver.sort import DEFAULTS
from wfcheck.solver.term import App, Const, Symbol, Term, post_order


class UndefinedError(Exception):
    """The model says nothing about an application of an uninterpreted function."""


@attrs.frozen
class Model:
    """Values of symbols by name, and of uninterpreted functions by name and operand values. A symbol that is missing has the
    default value of its sort."""

    symbols: Mapping[str, Any]
    functions: Mapping[tuple[str, tuple[Any, ...]], Any] = attrs.field(factory=dict)


def evaluate(term: Term, model: Model, *, guess: bool = False) -> Any:
    """The value of the term; raises UndefinedError, or with `guess` takes any value where the model is silent."""
    return evaluate_all((term,), model, guess=guess)[term]


def evaluate_all(
    terms: Iterable[Term], model: Model, *, guess: bool = False, values: dict[Term, Any] | None = None
) -> dict[Term, Any]:
    """The values of the terms and of everything below them. `values`: what the same model said before; it grows."""
    values = {} if values is None else values
    for term in post_order(terms, values):
        match term:
            case Const(value=value):
                values[term] = value
            case Symbol(name=name, sort=sort):
                values[term] = model.symbols.get(name, DEFAULTS[sort])
            case App(op="fn", args=args, detail=name) if guess:
                key = (str(name), tuple(values[a] for a in args))
                values[term] = model.functions.get(key, DEFAULTS[term.sort])
            case App(args=args):
                values[term] = _apply(term, tuple(values[a] for a in args), model)
            case _:
                assert_never(term)
    return values


def _apply(term: App, args: tuple[Any, ...], model: Model) -> Any:  # noqa: C901 - one case per operator
    match term.op:
        case "not":
            return not args[0]
        case "and":
            return all(args)
        case "or":
            return any(args)
        case "ite":
            return args[1] if args[0] else args[2]
        case "eq":
            return args[0] == args[1]
        case "lt":
            return args[0] < args[1]
        case "le":
            return args[0] <= args[1]
        case "add":
            return sum(args[1:], args[0])
        case "mul":
            return args[0] * args[1]
        case "div":
            return args[0] / args[1] if args[1] else Fraction(0)
        case "real":
            return Fraction(args[0])
        case "floor":
            return floor(args[0])
        case "length":
            return len(args[0])
        case "member":
            assert term.detail is not None
            assert not isinstance(term.detail, str)
            return accepts(term.detail, args[0])
        case "fn":
            return _function(str(term.detail), args, model)
        case _:
            assert_never(term.op)


def _function(name: str, args: tuple[Any, ...], model: Model) -> Any:
    try:
        return model.functions[name, args]
    except KeyError:
        raise UndefinedError(f"no value of `{name}` is known") from None


def assemble(
    roots: Iterable[Term], symbols: Mapping[str, Any], applications: Mapping[Term, Any]
) -> Model | None:
    """A model from values of symbols and of single applications; None if one function gets two values for the same operands."""
    functions: dict[tuple[str, tuple[Any, ...]], Any] = {}
    partial = Model(symbols, functions)
    values: dict[Term, Any] = {}
    for term in post_order(roots):
        match term:
            case Const(value=value):
                values[term] = value
            case Symbol(name=name, sort=sort):
                values[term] = symbols.get(name, DEFAULTS[sort])
            case App(op="fn", args=args, detail=name):
                key = (str(name), tuple(values[a] for a in args))
                wanted = applications.get(term, DEFAULTS[term.sort])
                if functions.setdefault(key, wanted) != wanted:
                    return None
                values[term] = wanted
            case App(args=args):
                values[term] = _apply(term, tuple(values[a] for a in args), partial)
            case _:
                assert_never(term)
    return partial
