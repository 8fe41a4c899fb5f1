"""The abstract alphabet of some rules: classes of events that no atom tells apart, one concrete event for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import attrs

from wfcheck.checker.policy.calls import AnyCall, any_call
from wfcheck.checker.policy.machines import CALLS, Atom, Truths
from wfcheck.checker.policy.patterns import STRANGER, USER, truth_of
from wfcheck.checker.traces.event import Event, Kind
from wfcheck.dsl import core
from wfcheck.solver import build as b
from wfcheck.solver import verdict as solver
from wfcheck.solver.backend import solve
from wfcheck.solver.evaluate import Model, evaluate
from wfcheck.solver.term import Term

CLASSES = 48
"""So many classes of calls of one tool by one principal are told apart."""
NO = (False, False)


class TooManyError(Exception):
    """The rules tell too many events apart, or the solver gave up on telling them; `reason` is one lower-case sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@attrs.frozen
class Letter:
    """A class of events. `moment`: attempt, return, fail (of a call), end, or the kind of another event. `call` joins the letters of
    one class of calls; `event`: a concrete one."""

    moment: str
    truths: Truths
    event: Event
    call: int | None = None


def alphabet(program: core.Program, atoms: Sequence[Atom], seconds: float) -> tuple[Letter, ...]:
    """All letters, those that no atom tells apart once; `end` last.

    Raises:
        TooManyError: there are too many, or the solver could not tell.
    """
    found: dict[tuple[object, ...], tuple[Letter, ...]] = {}
    for tool in program.tools.values():
        for who in _actors(program, atoms):
            for letters in _calls(any_call(program, tool, who), atoms, seconds, len(found)):
                found.setdefault(_key(letters), letters)
    words = {_key((letter,)): letter for letter in _words(atoms)}
    flat = [letter for letters in found.values() for letter in letters]
    end = Letter("end", dict.fromkeys(atoms, NO), Event(kind="end", seq=0))
    return (*flat, *words.values(), end)


def _key(letters: Iterable[Letter]) -> tuple[object, ...]:
    return tuple((l.moment, tuple(l.truths.values())) for l in letters)  # noqa: E741 - a letter


def _actors(program: core.Program, atoms: Sequence[Atom]) -> list[str]:
    """Everybody, those in nobody's words once."""
    people = [*program.principals, USER]
    named = {c.by for atom in atoms for c in atom.side.pattern.choices} | {
        who for atom in atoms if atom.monitor is not None for who in atom.monitor.bound
    }
    others = [who for who in people if who not in named][:1]
    return [who for who in people if who in named or who in others]


# ---------------------------------------------------------------- calls


def _calls(call: AnyCall, atoms: Sequence[Atom], seconds: float, number: int) -> Iterator[tuple[Letter, ...]]:
    """The classes of calls of one tool by one principal: attempt, return and failure of each."""
    failed = attrs.evolve(call, event=attrs.evolve(call.event, returned=b.FALSE))
    terms = [_terms(call, atom, "attempt") for atom in atoms]
    returns = [_terms(call, atom, "return") for atom in atoms]
    fails = [_terms(failed, atom, "fail") for atom in atoms]
    rows = [term for row in (*terms, *returns, *fails) for term in row]
    for place, model in enumerate(_models(call, rows, seconds)):
        known = [[(_true(s, model), _true(m, model)) for s, m in part] for part in (terms, returns, fails)]
        event, own = call.concrete(model), 1000 * number + place
        tool = call.tool.symbol
        ends = (
            Event(kind="result", seq=0, tool=tool, call="c0"),
            Event(kind="fail", seq=0, tool=tool, call="c0", error="failed"),
        )
        yield (
            Letter("attempt", dict(zip(atoms, known[0], strict=True)), event, own),
            Letter("return", dict(zip(atoms, known[1], strict=True)), ends[0], own),
            Letter("fail", dict(zip(atoms, known[2], strict=True)), ends[1], own),
        )


def _terms(call: AnyCall, atom: Atom, moment: str) -> tuple[Term, Term]:
    if atom.monitor is not None:
        return _ungranted(call, atom) if moment == "attempt" else (b.FALSE, b.FALSE)
    wanted = tuple(c for c in atom.side.pattern.choices if c.kind in CALLS and _at(c, atom.judged, moment))
    side = attrs.evolve(atom.side, pattern=attrs.evolve(atom.side.pattern, choices=wanted))
    evidence = moment != "attempt"
    return truth_of(call, side, evidence=evidence, sure=True), truth_of(call, side, evidence=evidence)


def _at(choice: core.EventChoice, judged: bool, moment: str) -> bool:
    """A judged call is the attempt, evidence is the return; a failure is itself."""
    if choice.kind == "fail":
        return moment == "fail"
    return moment == ("attempt" if judged else "return")


def _ungranted(call: AnyCall, atom: Atom) -> tuple[Term, Term]:
    monitor = atom.monitor
    if monitor is None or call.actor not in monitor.bound:
        return b.FALSE, b.FALSE
    sure = [
        b.or_(*(call.covered(grant).sure for grant in group)) for group in (monitor.unless, *monitor.also)
    ]
    term = b.not_(b.and_(*sure))
    return term, term


def _true(term: Term, model: Model) -> bool:
    return evaluate(term, model, guess=True) is True


def _models(call: AnyCall, terms: Sequence[Term], seconds: float) -> Iterator[Model]:
    """One model for each combination of truths that some call has."""
    told = [t for t in dict.fromkeys(terms) if t is not b.TRUE and t is not b.FALSE]
    formula = call.valid
    for _ in range(CLASSES):
        answer = solve(formula, (), solver.Limits(seconds=seconds))
        if isinstance(answer, solver.Unknown):
            raise TooManyError(f"the solver gave up on calls of `{call.tool.symbol}`: {answer.reason}")
        if isinstance(answer, solver.Unsat):
            return
        yield answer.model
        same = [t if _true(t, answer.model) else b.not_(t) for t in told]
        if not same:
            return
        formula = b.and_(formula, b.not_(b.and_(*same)))
    raise TooManyError(f"the rules tell too many calls of `{call.tool.symbol}` apart")


# ---------------------------------------------------------------- other events


def _words(atoms: Sequence[Atom]) -> Iterator[Letter]:
    """Other events, by what the patterns say of them."""
    spoken = [c for atom in atoms for c in atom.side.pattern.choices if c.kind not in CALLS]
    kinds: dict[core.EventKind, None] = {c.kind: None for c in spoken}
    for kind in kinds:
        mine = [c for c in spoken if c.kind == kind]
        subjects = sorted({s for c in mine for s in c.subjects})
        actors = sorted({c.by for c in mine if c.by is not None})
        receivers = sorted({s for c in mine for s in c.to})
        for subject in (*subjects, None):
            for who in (*actors, None):
                for to in (*receivers, None):
                    yield _word(kind, subject, who, to, atoms)


def _word(
    kind: core.EventKind, subject: str | None, who: str | None, to: str | None, atoms: Sequence[Atom]
) -> Letter:
    truths = {atom: _matches(atom, kind, subject, who, to) for atom in atoms}
    actor = subject if kind in ("input", "message") and subject is not None else who or STRANGER
    store = subject if kind in ("remember", "recall") else None
    step = subject if kind in ("llm", "release") else None
    made: Kind = kind  # type: ignore[assignment]
    event = Event(kind=made, seq=0, actor=actor, store=store, step=step, to=to, text="a")
    return Letter(kind, truths, event)


def _matches(
    atom: Atom, kind: str, subject: str | None, who: str | None, to: str | None
) -> tuple[bool, bool]:
    def fits(choice: core.EventChoice) -> bool:
        named = not choice.subjects or subject in choice.subjects
        received = not choice.to or to in choice.to
        return choice.kind == kind and named and received and choice.by in (None, who)

    hit = atom.monitor is None and any(map(fits, atom.side.pattern.choices))
    return hit, hit
