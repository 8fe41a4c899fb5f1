"""From the names and numbers of a solver's answer to a model with exact values and concrete texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from wfcheck.solver.automata import Signature, TooLargeError, product
from wfcheck.solver.evaluate import Model, assemble
from wfcheck.solver.smtlib import Script
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import App, Symbol, Term

_MAX_DIGITS = 4000


class BadAnswerError(Exception):
    """The answer does not describe a model of the question."""


def read_model(values: Mapping[str, Any], script: Script, roots: Sequence[Term]) -> Model:
    """The model, still to be confirmed; raises BadAnswerError."""
    known = {values[name]: term.value for name, term in script.elements.items() if name in values}
    found: dict[Term, Any] = {}
    strangers: dict[str, list[Term]] = {}
    for term, name in script.values.items():
        if name not in values:
            found[term] = DEFAULTS[term.sort]
        elif term.sort not in (Sort.TEXT, Sort.OPAQUE):
            found[term] = _number(values[name], term.sort)
        elif values[name] in known:
            found[term] = known[values[name]]
        else:
            strangers.setdefault(str(values[name]), []).append(term)
    used = {term.value for term in script.elements.values() if term.sort is Sort.TEXT}
    for element, terms in strangers.items():
        word = _stranger(element, terms, values, script, used)
        found.update(dict.fromkeys(terms, word))
    symbols = {t.name: v for t, v in found.items() if isinstance(t, Symbol)}
    model = assemble(roots, symbols, {t: v for t, v in found.items() if isinstance(t, App)})
    if model is None:
        raise BadAnswerError("the solver's model gives one function two values")
    return model


def _number(value: object, sort: Sort) -> Any:
    try:
        match sort, value:
            case Sort.BOOL, bool():
                return value
            case Sort.INT, str() if len(value) <= _MAX_DIGITS:
                return int(value)
            case Sort.REAL, str() if len(value) <= _MAX_DIGITS:
                return Fraction(value)
    except (ValueError, ZeroDivisionError):
        pass
    raise BadAnswerError("the solver's model holds a value that is not exact")


def _stranger(
    element: str, terms: Sequence[Term], values: Mapping[str, Any], script: Script, used: set[str]
) -> Any:
    if terms[0].sort is Sort.OPAQUE:
        return ("element", element)
    word = _fresh(_signature(terms, values, script), script, used)
    if word is None:
        raise BadAnswerError("no text was found for the solver's model")
    used.add(word)
    return word


def _signature(terms: Sequence[Term], values: Mapping[str, Any], script: Script) -> Signature:
    known: dict[object, bool] = {}
    for term in terms:
        for language in script.languages:
            name = script.atoms.get((term, language))
            if name is not None and name in values:
                known[language] = bool(values[name])
    return tuple(known.get(language, False) for language in script.languages)


def _fresh(wanted: Signature, script: Script, used: set[str]) -> str | None:
    try:
        machine = product(script.languages)
    except TooLargeError:
        return None
    return next((word for word in machine.words(wanted) if word not in used), None)
