"""The monitor of a rule as states and transitions in words, from its compiled form."""

from __future__ import annotations

from typing import assert_never

import attrs

from wfcheck.checker import monitor as compiled
from wfcheck.checker.explaining import ends, patterns
from wfcheck.checker.explaining.expressions import duration_text, written
from wfcheck.checker.explaining.formula_events import binders
from wfcheck.checker.explaining.merging import merged_grants
from wfcheck.checker.explaining.patterns import enumerated, names
from wfcheck.checker.explaining.prose import number
from wfcheck.checker.explaining.vocabulary import registers_in
from wfcheck.dsl import core

BROKEN = "broken"


@attrs.frozen
class State:
    """`start`: where a run begins."""

    name: str
    meaning: str
    start: bool = False


@attrs.frozen
class Transition:
    """`on`: which events, in words. What no transition mentions leaves the state as it is."""

    source: str
    on: str
    target: str


@attrs.frozen
class Automaton:
    """`copies`: for what a copy of its own is kept, if for anything. `notes`: what states cannot say. Without states, the notes
    say why there are none."""

    form: str
    states: tuple[State, ...] = ()
    transitions: tuple[Transition, ...] = ()
    copies: str | None = None
    notes: tuple[str, ...] = ()


_BROKEN = State(BROKEN, "the rule is broken at that event; the monitor goes on from where it was")
_UNKNOWN = (
    "a condition that is unknown holds no judged event back and makes no evidence: such a run is undecided"
)


def automaton(rule: core.Rule, program: core.Program) -> Automaton:
    """The compiled rule as an automaton."""
    form = compiled.compile_rule(rule, program)
    match form:
        case compiled.Monitor():
            return _monitor(form, granting=isinstance(rule.body, core.Allow))
        case compiled.Response():
            return _response(form)
        case compiled.Separation():
            return _separation(form)
        case compiled.Quota():
            return _quota(form)
        case compiled.Invariant():
            return _invariant(form, program)
        case compiled.LabelQuery():
            return _query(form)
        case compiled.Unsupported(reason=reason):
            return Automaton("none", notes=(reason,))
        case _:
            assert_never(form)


def _history(per_session: bool) -> str:
    return "session" if per_session else "run"


def _judged(form: compiled.Monitor | compiled.Response, *, evidence: bool = False) -> str:
    text = patterns.event(form.judged, evidence=evidence)
    return text if form.when is None else f"{text}, unless `{written(form.when)}` is false"


# ---------------------------------------------------------------- the normal form


def _monitor(form: compiled.Monitor, *, granting: bool) -> Automaton:
    if granting:
        return _granted(form)
    if form.evidence is not None:
        return _ordered(form, form.evidence)
    return _forbidden(form)


def _granted(form: compiled.Monitor) -> Automaton:
    who = names(form.bound)
    groups = [_covering(group) for group in (form.unless, *form.also)]
    covered = ", and also ".join(groups)
    return Automaton(
        "deny by default",
        (State("watching", "every call is compared with the grants", start=True), _BROKEN),
        (
            Transition("watching", f"a call by {who}, or on its behalf, if it is {covered}", "watching"),
            Transition("watching", f"any other call by {who}, or on its behalf", BROKEN),
        ),
        notes=("a grant whose condition is unknown does not cover the call: such a run is undecided",),
    )


def _covering(grants: tuple[core.Grant, ...]) -> str:
    listed = merged_grants(grants)
    return "; or ".join(patterns.granted(grant.event, grant.condition) for grant in listed) or "nothing"


def _forbidden(form: compiled.Monitor) -> Automaton:
    judged, armed = _judged(form), form.armed
    if armed is None:
        watching = State("watching", "nothing needs to be remembered", start=True)
        return Automaton("forbidden event", (watching, _BROKEN), (Transition("watching", judged, BROKEN),))
    transitions = [Transition("idle", patterns.event(armed.after, evidence=True), "armed")]
    if armed.until is not None:
        transitions.append(Transition("armed", patterns.event(armed.until, evidence=True), "idle"))
    if armed.duration is not None:
        transitions.append(Transition("armed", f"{duration_text(armed.duration)} have passed", "idle"))
    transitions.append(Transition("armed", judged, BROKEN))
    states = (
        State("idle", "the rule does not speak yet", start=True),
        State("armed", "the rule speaks"),
        _BROKEN,
    )
    copies = _copies(form.judged, armed.after, *(() if armed.until is None else (armed.until,)))
    return Automaton("forbidden event, armed", states, tuple(transitions), copies, _scope(form, _UNKNOWN))


def _ordered(form: compiled.Monitor, evidence: compiled.Evidence) -> Automaton:
    judged = _judged(form)
    transitions = [
        Transition("waiting", patterns.event(evidence.pattern, evidence=True), "ready"),
        Transition("waiting", judged, BROKEN),
        Transition("ready", judged, "waiting" if evidence.single_use else "ready"),
    ]
    if evidence.since is not None:
        transitions.append(Transition("ready", patterns.event(evidence.since, evidence=True), "waiting"))
    if evidence.within_steps is not None:
        late = f"the {_ordinal(evidence.within_steps + 1)} call after it"
        transitions.append(Transition("ready", f"{late} is reached", "waiting"))
    if evidence.within_time is not None:
        transitions.append(
            Transition("ready", f"{duration_text(evidence.within_time)} have passed", "waiting")
        )
    states = (
        State("waiting", "there is no evidence that still counts", start=True),
        State("ready", "there is evidence" + (", not used up" if evidence.single_use else "")),
        _BROKEN,
    )
    notes: tuple[str, ...] = (_UNKNOWN,)
    if evidence.single_use:
        notes = (
            "approvals are counted: each makes one call ready, and the oldest valid one is used up first",
            *notes,
        )
    copies = _copies(form.judged, evidence.pattern, each=(form.binder, form.source))
    return Automaton("evidence before", states, tuple(transitions), copies, _scope(form, *notes))


def _ordinal(number: int) -> str:
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else last}"


def _scope(form: compiled.Monitor | compiled.Response, *notes: str) -> tuple[str, ...]:
    return (f"it is kept per {_history(form.per_session)}", *notes)


def _copies(
    *related: core.EventPattern, each: tuple[str | None, core.Expr | None] = (None, None)
) -> str | None:
    """For what the monitor keeps a copy of its own."""
    found: dict[str, None] = {}
    for pattern in related:
        for choice in pattern.choices:
            if any(isinstance(t, core.SameCall) for _, t in choice.tests) or choice.kind == "approve":
                found["each tool with its arguments"] = None
            found.update((f"each `{n}`", None) for n, t in choice.tests if isinstance(t, core.Same))
    found.update((f"each value of {name}", None) for p in related for name in binders(p))
    if each[0] is not None and each[1] is not None:
        found[f"each {each[0]} in `{written(each[1])}`"] = None
    return enumerated(found, "and") or None


# ---------------------------------------------------------------- the other forms


def _response(form: compiled.Response) -> Automaton:
    late = "the normal end of the run"
    if form.within_steps is not None:
        late = f"the {_ordinal(form.within_steps + 1)} call after it, or {late}"
    if form.within_time is not None:
        late = f"the first event more than {duration_text(form.within_time)} after it, or {late}"
    states = (
        State("quiet", "nothing is owed", start=True),
        State("owed", "the judged event happened, and what must follow has not"),
        _BROKEN,
    )
    transitions = (
        Transition("quiet", _judged(form, evidence=True), "owed"),
        Transition("owed", patterns.event(form.evidence, evidence=True), "quiet"),
        Transition("owed", late, BROKEN),
    )
    notes = _scope(form, "a run that never ends is not broken", _UNKNOWN)
    copies = enumerated(
        [
            "each judged event",
            *filter(None, [_copies(form.judged, form.evidence, each=(form.binder, form.source))]),
        ],
        "and",
    )
    return Automaton("evidence after", states, transitions, copies, notes)


def _separation(form: compiled.Separation) -> Automaton:
    numbered = list(enumerate(form.events, 1))
    states = [State("new", "the principal has acted in none of the events", start=True)]
    transitions: list[Transition] = []
    for number_, pattern in numbered:
        here, words = f"role {number_}", patterns.event(pattern, evidence=False)
        states.append(State(here, f"the principal has acted in {words}"))
        transitions.append(Transition("new", words, here))
        others = [patterns.event(p, evidence=False) for n, p in numbered if n != number_]
        transitions.append(Transition(here, enumerated(dict.fromkeys(others)), BROKEN))
    notes = (
        f"it is kept per {_history(form.per_session)}",
        "an actor that is not recorded makes the run undecided",
    )
    return Automaton("separation of duties", (*states, _BROKEN), tuple(transitions), "each principal", notes)


def _quota(form: compiled.Quota) -> Automaton:
    judged = patterns.event(form.judged, evidence=False)
    judged = judged if form.when is None else f"{judged}, when `{written(form.when)}`"
    bound, value = number(form.bound), "" if form.value is None else f"`{written(form.value)}`"
    measure = {
        "count": "the number of judged events",
        "consecutive": "the length of the current row of judged events",
        "bits": "the bits that were let through",
        "sum": f"the sum of {value}",
        "distinct": f"the set of values of {value}",
    }[form.kind]
    states = (State("counting", f"{measure} so far, at most {bound}", start=True), _BROKEN)
    transitions = [
        Transition("counting", f"{judged}; the measure stays at most {bound}", "counting"),
        Transition("counting", f"{judged}; the measure gets above {bound}", BROKEN),
    ]
    if form.kind == "consecutive":
        transitions.append(Transition("counting", "any other call; the row starts again at 0", "counting"))
    return Automaton("counter", states, tuple(transitions), enumerated(_scopes(form.scopes), "and"))


def _scopes(scopes: tuple[core.ScopeKey, ...]) -> list[str]:
    found = []
    for scope in scopes:
        if scope.key is not None:
            found.append(f"each value of `{written(scope.key)}`")
        elif scope.window is not None:
            found.append(f"the last {duration_text(scope.window)}, over all sessions")
        else:
            found.append(f"each {scope.kind}")
    return found if {s.kind for s in scopes} != {"key"} else [*found, "each session"]


def _invariant(form: compiled.Invariant, program: core.Program) -> Automaton:
    claim = f"`{written(form.condition)}`"
    what = "any event" if form.judged is None else patterns.event(form.judged, evidence=False)
    watching = State("watching", f"{claim} is asked of the registers as they are after the event", start=True)
    read = registers_in(form.condition)
    notes = tuple(_updates(register) for register in program.registers.values() if register.symbol in read)
    transitions = (
        Transition("watching", f"{what}, and {claim} holds", "watching"),
        Transition("watching", f"{what}, and {claim} does not hold", BROKEN),
    )
    return Automaton("invariant", (watching, _BROKEN), transitions, "each session", notes)


def _updates(register: core.Register) -> str:
    events = enumerated(dict.fromkeys(patterns.event(u.event, evidence=True) for u in register.updates))
    start = f"the register `{register.symbol}` starts at `{written(register.initial)}`"
    return f"{start} and changes at {events}" if events else f"{start} and never changes"


def _query(form: compiled.LabelQuery) -> Automaton:
    match form.body:
        case core.Flow(sinks=sinks):
            arrival = f"something arrives at {enumerated(map(ends.sink, sinks))}"
        case core.FromOnly(target=target):
            arrival = f"a call that passes {ends.target(target)}"
        case core.Decision(event=event):
            arrival = patterns.event(event, evidence=False)
        case _:
            assert_never(form.body)
    states = (
        State("watching", "labels travel with the values; nothing else is remembered", start=True),
        _BROKEN,
    )
    transitions = (
        Transition("watching", f"{arrival}, with labels that the rule accepts", "watching"),
        Transition("watching", f"{arrival}, with labels that it does not", BROKEN),
    )
    notes = (
        "a label query: a proof asks the labelling of the workflow, a replay where the recorded values came from",
    )
    return Automaton("label query", states, transitions, None, notes)
