"""Spacer's guess (Krishnan et al., Global guidance for local generalization, 2020) over an abstraction of the system: texts are
numbers, and what only names know is arguments that change as the values do or not at all. `recheck` judges it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wfcheck.solver import build as b
from wfcheck.solver.backend import Child, ChildError
from wfcheck.solver.invariants.nodes import conjuncts
from wfcheck.solver.invariants.recheck import Budget
from wfcheck.solver.smtlib import Growing
from wfcheck.solver.sort import Sort
from wfcheck.solver.term import App, Const, Symbol, Term, post_order, symbol, symbols
from wfcheck.solver.transition import System, substitute

_ERROR = "\0error"
_ODD = frozenset({"fn", "member", "length"})
_NUMBERS = {Sort.TEXT: Sort.INT, Sort.OPAQUE: Sort.INT}


def guess(
    system: System,
    watched: Mapping[str, Sequence[Term]],
    facts: Mapping[str, Sequence[Term]],
    budget: Budget,
) -> dict[str, list[Term]] | str:
    """Formulas by place that may be invariant, or why there are none. `facts`: invariant already."""
    horn = _Horn(system, watched, facts)
    limits = budget.limits()
    question = {
        **horn.question(),
        "milliseconds": int(limits.seconds * 900),
    }
    child = budget.spacer or _process()
    try:
        answer = child.ask(question, limits.seconds + 0.5)
    except ChildError as error:
        return str(error)
    finally:
        child.close()
    match answer:
        case {"status": "guessed", "places": dict(places)}:
            return {p: conjuncts(places.get(p), horn.arguments(p), horn.words) for p in system.segments}
        case {"status": "sat"}:
            return "a bad state is reached in an abstraction"
        case _:
            return str(answer.get("reason", "the solver answered nonsense"))


def _process() -> Child:
    path = Path(__file__).parent.with_name("horn_backend.py")
    return Child((sys.executable, "-E", "-s", str(path), "4096"))


class _Horn:
    """The question, and what its numbers mean."""

    def __init__(
        self, system: System, watched: Mapping[str, Sequence[Term]], facts: Mapping[str, Sequence[Term]]
    ) -> None:
        self.system, self.watched, self.facts = system, watched, facts
        self._codes: dict[Term, int] = {}
        self._plain: dict[Term, Term] = {}

    @property
    def words(self) -> dict[int, Term]:
        """The texts and opaque values by number."""
        return {number: term for term, number in self._codes.items()}

    def arguments(self, place: str) -> tuple[Term, ...]:
        """What the place's formula speaks of."""
        return (*self.system.variables[place], *self.system.rigid, *self.watched.get(place, ()))

    def question(self) -> dict[str, Any]:
        text, rules = Growing({}), self._rules()
        terms = [
            t for head, body, constraint in rules for t in (*head[1], *(body[1] if body else ()), constraint)
        ]
        define = text.more(terms)
        named = list(dict.fromkeys(text.name(t) for t in terms))
        return {
            "text": define,
            "places": {_ERROR: [], **{p: self._sorts(p) for p in self.system.segments}},
            "variables": {text.name(s): s.sort.value for s in symbols(terms)},
            "names": named,
            "error": _ERROR,
            "rules": [
                {"head": _call(text, head), "body": _call(text, body), "constraint": text.name(constraint)}
                for head, body, constraint in rules
            ],
        }

    def _sorts(self, place: str) -> list[str]:
        return [_NUMBERS.get(t.sort, t.sort).value for t in self.arguments(place)]

    def _rules(self) -> list[tuple[_Call, _Call | None, Term]]:
        start = self.system.start
        rules: list[tuple[_Call, _Call | None, Term]] = [((start, self._here(start)), None, b.TRUE)]
        for place, segment in self.system.segments.items():
            body = (place, self._here(place))
            given = [*(t for _, t in segment.assumptions), *self.facts.get(place, ())]
            for move in segment.moves:
                values = dict(zip(self.system.variables[move.target], move.values, strict=True))
                there = [self.plain(substitute(t, values)) for t in self.arguments(move.target)]
                rules.append(((move.target, there), body, self.plain(b.and_(*given, move.guard))))
            for bad in segment.bad:
                rules.append(((_ERROR, []), body, self.plain(b.and_(*given, bad.formula))))
        return rules

    def _here(self, place: str) -> list[Term]:
        return [self.plain(t) for t in self.arguments(place)]

    def plain(self, root: Term) -> Term:
        """Without texts, opaque values and functions of which only the name is known; those become inputs."""
        made = self._plain
        for term in post_order((root,), made):
            match term:
                case Symbol(name=name, sort=sort):
                    made[term] = symbol(f"{name}!{sort.value}", _NUMBERS.get(sort, sort))
                case Const(sort=Sort.TEXT | Sort.OPAQUE):
                    made[term] = b.integer(self._codes.setdefault(term, len(self._codes)))
                case App(op=op, sort=sort) if op in _ODD:
                    made[term] = symbol(f"odd!{len(made)}", _NUMBERS.get(sort, sort))
                case App(args=args, sort=sort):
                    made[term] = self._rebuilt(term, tuple(made[a] for a in args))
                case _:
                    made[term] = term
        return made[root]

    def _rebuilt(self, term: App, args: tuple[Term, ...]) -> Term:
        return b.ite(*args) if term.op == "ite" else b.rebuild(term, args)


_Call = tuple[str, list[Term]]


def _call(text: Growing, call: _Call | None) -> dict[str, Any] | None:
    return None if call is None else {"place": call[0], "args": [text.name(t) for t in call[1]]}
