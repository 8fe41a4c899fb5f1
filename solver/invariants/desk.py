"""One solver session per segment, for the many small questions of a search. Its answers are guesses: `recheck` judges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, TypeAlias

import attrs

from wfcheck.solver import build as b
from wfcheck.solver.backend import Child, ChildError, shared_child
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.smtlib import Growing
from wfcheck.solver.sort import DEFAULTS, Sort
from wfcheck.solver.term import Symbol, Term, symbol
from wfcheck.solver.transition import System, substitute

State: TypeAlias = Mapping[Term, Any]
"""Values of symbols, and of terms that a model's symbols do not decide (with functions of which only the name is known)."""
_FIRST_CODE = 7_000_000


class GaveUpError(Exception):
    """The solver did not answer a question of the search."""


@attrs.frozen
class Edge:
    """All moves from one place to another, as one relation between the segment's symbols and the target's next values."""

    source: str
    target: str
    primed: tuple[Symbol, ...]
    relation: Term

    def next(self, variables: Sequence[Symbol]) -> dict[Symbol, Term]:
        """The target's variables to their next values."""
        return dict(zip(variables, self.primed, strict=True))


@attrs.frozen
class Found:
    """A model: the value of each symbol that was asked for."""

    state: Mapping[Symbol, Any]


@attrs.frozen
class Refused:
    """No model. `core`: which of the switched terms suffice for that."""

    core: tuple[Term, ...]


def edges(system: System) -> tuple[Edge, ...]:
    """One edge per pair of places with a move, in the order of the segments."""
    return tuple(
        _edge(system, place, target, number)
        for place, segment in system.segments.items()
        for number, target in enumerate(dict.fromkeys(m.target for m in segment.moves))
    )


def _edge(system: System, place: str, target: str, number: int) -> Edge:
    variables = system.variables[target]
    primed = tuple(_primed(f"next!{number}!{i}", v) for i, v in enumerate(variables))
    moves = [m for m in system.segments[place].moves if m.target == target]
    taken = [b.and_(m.guard, *map(b.eq, primed, m.values)) for m in moves]
    return Edge(place, target, primed, b.or_(*taken))


def _primed(name: str, variable: Term) -> Symbol:
    return symbol(name, variable.sort)


class Desk:
    """Opens a session per segment when it is first asked about; closes all at the end of a `with`."""

    def __init__(self, system: System, budget: Budget) -> None:
        self.system, self.budget = system, budget
        self.edges = edges(system)
        self._codes: dict[Term, int] = {}
        self._words: dict[int, Term] = {}
        self._texts: dict[str, Growing] = {}
        self._switches: dict[tuple[str, Term], str] = {}

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for place in self._texts:
            try:
                self._send({"kind": "close", "session": self._session(place)})
            except GaveUpError:
                return

    def ask(
        self,
        place: str,
        asserted: Iterable[Term],
        wanted: Sequence[Symbol] = (),
        switched: Sequence[Term] = (),
    ) -> Found | Refused:
        """A state of the segment in which all of the terms hold; raises GaveUpError."""
        self._open(place)
        text, terms = self._texts[place], tuple(asserted)
        define = [text.more((*terms, *wanted, *switched))]
        names = [self._switch(place, term, define) for term in switched]
        answer = self._send(
            {
                "kind": "ask",
                "session": self._session(place),
                "define": "\n".join(define),
                "assert": "\n".join(f"(assert {text.name(t)})" for t in terms),
                "selectors": names,
                "values": [text.name(s) for s in wanted],
                "tidy": 0 if not switched else 40,
            }
        )
        match answer:
            case {"status": "unsat", "core": list(core)}:
                return Refused(tuple(t for t, n in zip(switched, names, strict=True) if n in core))
            case {"status": "sat", "values": dict(values)}:
                return Found({s: self._value(values.get(text.name(s)), s.sort) for s in wanted})
            case _:
                raise GaveUpError(str(answer.get("reason", "the solver answered nonsense")))

    def successor(self, edge: Edge, asserted: Iterable[Term], watched: Sequence[Term]) -> State | None:
        """A state of the target after a step of the edge in which the terms hold; None if there is none. `watched`: terms over the
        target's variables and the rigid symbols that the state gives values to, besides these. Raises GaveUpError."""
        variables = self.system.variables[edge.target]
        renamed = edge.next(variables)
        seen = {t: _primed(f"seen!{edge.target}!{i}", t) for i, t in enumerate(watched)}
        facts = [b.eq(name, substitute(term, renamed)) for term, name in seen.items()]
        names = (*edge.primed, *self.system.rigid, *seen.values())
        answer = self.ask(edge.source, (*asserted, edge.relation, *facts), names)
        if not isinstance(answer, Found):
            return None
        terms = (*variables, *self.system.rigid, *seen)
        return {term: answer.state[name] for term, name in zip(terms, names, strict=True)}

    def pinned(self, state: State) -> list[Term]:
        """That each symbol has its value."""
        return [b.eq(s, b.const(s.sort, value)) for s, value in state.items() if isinstance(s, Symbol)]

    def _open(self, place: str) -> None:
        if place in self._texts:
            return
        segment, text = self.system.segments[place], Growing(self._codes)
        assumed = [term for _, term in segment.assumptions]
        relations = [e.relation for e in self.edges if e.source == place]
        roots = (*self.system.variables[place], *self.system.rigid, *assumed, *relations)
        lines = text.more((*roots, *(bad.formula for bad in segment.bad)))
        lines += "".join(f"\n(assert {text.name(term)})" for term in assumed)
        answer = self._send({"kind": "open", "session": self._session(place), "text": lines})
        if answer.get("status") != "open":
            raise GaveUpError(str(answer.get("reason", "the solver answered nonsense")))
        self._texts[place] = text

    def _switch(self, place: str, term: Term, define: list[str]) -> str:
        if (place, term) not in self._switches:
            name = self._switches[place, term] = f"k!{len(self._switches)}"
            define.append(f"(declare-const {name} Bool)(assert (=> {name} {self._texts[place].name(term)}))")
        return self._switches[place, term]

    def _session(self, place: str) -> str:
        return f"{id(self)}:{place}"

    def _send(self, question: dict[str, Any]) -> dict[str, Any]:
        if self.budget.over:
            raise GaveUpError("the time is over")
        limits = self.budget.limits()
        whole = {**question, "rlimit": limits.rlimit, "milliseconds": max(1, int(limits.seconds * 1000))}
        try:
            return self._child.ask(whole, limits.seconds + 0.5)
        except ChildError as error:
            raise GaveUpError(str(error)) from None

    @property
    def _child(self) -> Child:
        return self.budget.child or shared_child()

    def _value(self, raw: Any, sort: Sort) -> Any:
        try:
            match sort:
                case _ if raw is None:
                    return DEFAULTS[sort]
                case Sort.BOOL:
                    return raw is True
                case Sort.INT:
                    return int(raw)
                case Sort.REAL:
                    return Fraction(raw)
                case _:
                    return self._word(int(raw), sort)
        except (TypeError, ValueError, ZeroDivisionError):
            raise GaveUpError("the solver's model holds a value that is not exact") from None

    def _word(self, code: int, sort: Sort) -> Any:
        known = {number: term for term, number in self._codes.items() if term.sort is sort}
        if code not in known:
            value: Any = f"\0{code}" if sort is Sort.TEXT else ("code", code)
            known[code] = b.const(sort, value)
            self._codes[known[code]] = code
        term = known[code]
        assert not isinstance(term, Symbol)
        return getattr(term, "value", None)
