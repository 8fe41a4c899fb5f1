"""The one printer of terms as SMT-LIB 2. Texts and opaque values are elements of uninterpreted sorts; regular atoms are Booleans
per (text, language), and automata say which combinations of them exist and which texts a finite combination has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, assert_never

import attrs

from wfcheck.solver.automata import Product, Signature, TooLargeError, accepts, product
from wfcheck.solver.language import Language
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Const, Symbol, Term, const, post_order

_OPS = {"not": "not", "and": "and", "or": "or", "ite": "ite", "eq": "=", "lt": "<", "le": "<=", "add": "+", "mul": "*",
        "real": "to_real", "floor": "to_int"}  # fmt: skip
MAX_CELLS = 128


@attrs.frozen
class Script:
    """SMT-LIB text, and what its names mean. `selectors[i]` switches the i-th assumption on, `wishes[i]` the i-th wish.

    `values` are constants to read from a model, by term; `elements`: the constants that stand for known texts and opaque values;
    `atoms`: the constant that says whether a text term is in a language. `goals[i]`: what the i-th goal is called; none is asserted."""

    text: str
    selectors: tuple[str, ...]
    wishes: tuple[str, ...]
    values: dict[Term, str]
    elements: dict[str, Const]
    atoms: dict[tuple[Term, Language], str]
    languages: tuple[Language, ...]
    goals: tuple[str, ...] = ()


class _Printer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[Term, str] = {}
        self.values: dict[Term, str] = {}
        self.functions: dict[tuple[Any, ...], str] = {}
        self.texts: list[Term] = []
        self.elements: dict[str, Const] = {}

    def print(self, term: Term) -> None:
        match term:
            case Const():
                self.names[term] = self.constant(term)
            case Symbol(sort=sort):
                name = self.names[term] = self.values[term] = f"s!{len(self.values)}"
                self.lines.append(f"(declare-const {name} {sort.value})")
            case App():
                self.names[term] = self.application(term)
            case _:
                assert_never(term)
        if term.sort is Sort.TEXT:
            self.texts.append(term)

    def constant(self, term: Const) -> str:
        match term.sort:
            case Sort.BOOL:
                return "true" if term.value else "false"
            case Sort.INT:
                return _integer(term.value)
            case Sort.REAL:
                return _rational(term.value)
            case Sort.TEXT | Sort.OPAQUE:
                return self.element(term)
            case _:
                assert_never(term.sort)

    def element(self, term: Const) -> str:
        if term in self.names:
            return self.names[term]
        name = f"w!{len(self.elements)}"
        self.elements[name] = term
        self.names[term] = name
        self.lines.append(f"(declare-const {name} {term.sort.value})")
        return name

    def application(self, term: App) -> str:
        body = self.body(term, [self.names[a] for a in term.args])
        if term.op == "fn":
            name = self.values[term] = f"v!{len(self.values)}"
            self.lines += [f"(declare-const {name} {term.sort.value})", f"(assert (= {name} {body}))"]
            return name
        name = f"t!{len(self.lines)}"
        self.lines.append(f"(define-fun {name} () {term.sort.value} {body})")
        return name

    def body(self, term: App, args: list[str]) -> str:
        match term.op:
            case "div":
                return f"(ite (= {args[1]} 0.0) 0.0 (/ {args[0]} {args[1]}))"
            case "member" | "length" | "fn":
                key = (term.op, term.detail, term.sort, tuple(a.sort for a in term.args))
                return f"({self.function(key)} {' '.join(args)})"
            case _:
                return f"({_OPS[term.op]} {' '.join(args)})"

    def function(self, key: tuple[Any, ...]) -> str:
        if key not in self.functions:
            name = self.functions[key] = f"f!{len(self.functions)}"
            sorts = " ".join(s.value for s in key[3])
            self.lines.append(f"(declare-fun {name} ({sorts}) {key[2].value})")
        return self.functions[key]


def _integer(value: int) -> str:
    return str(value) if value >= 0 else f"(- {-value})"


def _rational(value: Fraction) -> str:
    top = f"{abs(value.numerator)}.0"
    body = top if value.denominator == 1 else f"(/ {top} {value.denominator}.0)"
    return body if value >= 0 else f"(- {body})"


def script(
    formula: Term,
    assumptions: Sequence[Term] = (),
    wishes: Sequence[Term] = (),
    goals: Sequence[Term] = (),
) -> Script:
    """Text that is unsatisfiable under all selectors iff the formula and the assumptions are (or, beyond the bounds of the
    automata, only if they are)."""
    roots = (formula, *assumptions, *wishes, *goals)
    terms = tuple(post_order(roots))
    printer = _Printer()
    printer.lines += ["(declare-sort Text 0)", "(declare-sort Opaque 0)"]
    for term in terms:
        printer.print(term)
    languages = tuple(dict.fromkeys(_languages(terms)))
    atoms = _regular(printer, languages)
    _lengths(printer, terms)
    _distinct(printer)
    printer.lines.append(f"(assert {printer.names[formula]})")
    selectors = _switches(printer, "a", assumptions)
    switched = _switches(printer, "p", wishes)
    return Script(
        "\n".join(printer.lines),
        selectors,
        switched,
        printer.values,
        printer.elements,
        atoms,
        languages,
        tuple(printer.names[goal] for goal in goals),
    )


class Growing:
    """Text that grows batch by batch, for many questions about one thing. Texts and opaque values are numbers, `codes` says which,
    so that a model's values mean the same in every text that shares the codes. What regular atoms exclude is said for the first
    batch only: later terms may be given texts that do not exist."""

    def __init__(self, codes: dict[Term, int]) -> None:
        self._printer, self._codes = _Printer(), codes
        self._sent = self._pinned = 0
        self._printer.lines += ["(define-sort Text () Int)", "(define-sort Opaque () Int)"]

    def more(self, roots: Iterable[Term]) -> str:
        """The text that defines what is new in the terms."""
        printer, first = self._printer, self._sent == 0
        terms = tuple(post_order(roots, printer.names))
        for term in terms:
            printer.print(term)
        if first:
            _regular(printer, tuple(dict.fromkeys(_languages(terms))))
        _lengths(printer, terms)
        for name, word in tuple(printer.elements.items())[self._pinned :]:
            printer.lines.append(
                f"(assert (= {name} {self._codes.setdefault(word, 7_000_000 + len(self._codes))}))"
            )
        self._pinned = len(printer.elements)
        text = "\n".join(printer.lines[self._sent :])
        self._sent = len(printer.lines)
        return text

    def name(self, term: Term) -> str:
        """What a term that was given before is called."""
        return self._printer.names[term]


def _switches(printer: _Printer, letter: str, terms: Sequence[Term]) -> tuple[str, ...]:
    names = tuple(f"{letter}!{i}" for i in range(len(terms)))
    for name, term in zip(names, terms, strict=True):
        printer.lines += [f"(declare-const {name} Bool)", f"(assert (=> {name} {printer.names[term]}))"]
    return names


def _languages(terms: Iterable[Term]) -> Iterable[Language]:
    for term in terms:
        if isinstance(term, App) and term.op == "member":
            assert term.detail is not None
            assert not isinstance(term.detail, str)
            yield term.detail


def _distinct(printer: _Printer) -> None:
    for sort in (Sort.TEXT, Sort.OPAQUE):
        names = [name for name, term in printer.elements.items() if term.sort is sort]
        if len(names) > 1:
            printer.lines.append(f"(assert (distinct {' '.join(names)}))")


def _lengths(printer: _Printer, terms: Iterable[Term]) -> None:
    for term in terms:
        if isinstance(term, App) and term.op == "length":
            printer.lines.append(f"(assert (<= 0 {printer.names[term]}))")
            name = printer.function(("length", None, Sort.INT, (Sort.TEXT,)))
            for word, constant in tuple(printer.elements.items()):
                if constant.sort is Sort.TEXT:
                    printer.lines.append(f"(assert (= ({name} {word}) {len(constant.value)}))")


def _regular(printer: _Printer, languages: tuple[Language, ...]) -> dict[tuple[Term, Language], str]:
    if not languages:
        return {}
    functions = [printer.function(("member", lang, Sort.BOOL, (Sort.TEXT,))) for lang in languages]
    try:
        machine = product(languages)
    except TooLargeError:
        machine = None
    terms: list[Term] = [term for term in printer.texts if not isinstance(term, Const)]
    atoms: dict[tuple[Term, Language], str] = {}
    for number, term in enumerate(terms):
        for place, (language, function) in enumerate(zip(languages, functions, strict=True)):
            name = atoms[term, language] = f"m!{number}!{place}"
            body = f"({function} {printer.names[term]})"
            printer.lines += [f"(declare-const {name} Bool)", f"(assert (= {name} {body}))"]
    if machine is not None and len(machine.possible) <= MAX_CELLS:
        _cells(printer, machine, languages, terms, atoms)
    for name, constant in printer.elements.items():
        if constant.sort is Sort.TEXT:
            for language, function in zip(languages, functions, strict=True):
                fact = f"({function} {name})"
                printer.lines.append(
                    f"(assert {fact if accepts(language, constant.value) else f'(not {fact})'})"
                )
    return atoms


def _cells(
    printer: _Printer,
    machine: Product,
    languages: tuple[Language, ...],
    terms: list[Term],
    atoms: dict[tuple[Term, Language], str],
) -> None:
    finite = {cell: _names(printer, machine.finite(cell)) for cell in machine.possible}
    for term in terms:
        names = [atoms[term, language] for language in languages]
        parts = [_cell(printer.names[term], names, cell, finite[cell]) for cell in machine.possible]
        printer.lines.append(f"(assert (or false {' '.join(parts)}))")


def _names(printer: _Printer, words: tuple[str, ...] | None) -> list[str] | None:
    if words is None:
        return None
    return [printer.element(const(Sort.TEXT, word)) for word in words]


def _cell(term: str, names: list[str], cell: Signature, words: list[str] | None) -> str:
    literals = [name if holds else f"(not {name})" for name, holds in zip(names, cell, strict=True)]
    if words is not None:
        literals.append(f"(or false {' '.join(f'(= {term} {word})' for word in words)})")
    return f"(and true {' '.join(literals)})"
