"""The monitors of other forms than the normal one, as states and transitions."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker import monitor as compiled
from wfcheck.checker.explaining import ends, patterns
from wfcheck.checker.explaining import states_words as words
from wfcheck.checker.explaining.expressions import alone, duration_text
from wfcheck.checker.explaining.patterns import enumerated
from wfcheck.checker.explaining.prose import number
from wfcheck.checker.explaining.states import BROKEN, BROKEN_STATE, UNKNOWN, Automaton, State, Transition
from wfcheck.checker.explaining.vocabulary import registers_in
from wfcheck.dsl import core

# ---------------------------------------------------------------- the other forms


def response(form: compiled.Response) -> Automaton:
    """`require .. after`."""
    late = "the normal end of the run"
    if form.within_steps is not None:
        late = f"the {words.ordinal(form.within_steps + 1)} call after it, or {late}"
    if form.within_time is not None:
        late = f"the first event more than {duration_text(form.within_time)} after it, or {late}"
    states = (
        State("quiet", "nothing is owed", start=True),
        State("owed", "the judged event happened, and what must follow has not"),
        BROKEN_STATE,
    )
    transitions = (
        Transition("quiet", words.judged(form, evidence=True), "owed"),
        Transition("owed", patterns.event(form.evidence, evidence=True), "quiet"),
        Transition("owed", late, BROKEN),
    )
    notes = words.scope(form, "a run that never ends is not broken", UNKNOWN)
    copies = enumerated(
        [
            "each judged event",
            *filter(None, [words.copies(form.judged, form.evidence, each=(form.binder, form.source))]),
        ],
        "and",
    )
    return Automaton("evidence after", states, transitions, copies, notes)


def separation(form: compiled.Separation) -> Automaton:
    """`require distinct principals`."""
    numbered = list(enumerate(form.events, 1))
    states = [State("new", "the principal has acted in none of the events", start=True)]
    transitions: list[Transition] = []
    for number_, pattern in numbered:
        here, acted = f"role {number_}", patterns.event(pattern, evidence=False)
        states.append(State(here, f"the principal has acted in {acted}"))
        transitions.append(Transition("new", acted, here))
        others = [patterns.event(p, evidence=False) for n, p in numbered if n != number_]
        transitions.append(Transition(here, enumerated(dict.fromkeys(others)), BROKEN))
    notes = (
        f"it is kept per {words.history(form.per_session)}",
        "an actor that is not recorded makes the run undecided",
    )
    return Automaton(
        "separation of duties", (*states, BROKEN_STATE), tuple(transitions), "each principal", notes
    )


def quota(form: compiled.Quota) -> Automaton:
    """`limit`."""
    judged = patterns.event(form.judged, evidence=False)
    judged = judged if form.when is None else f"{judged}, when `{alone(form.when)}`"
    bound, value = number(form.bound), "" if form.value is None else f"`{alone(form.value)}`"
    measure = {
        "count": "the number of judged events",
        "consecutive": "the length of the current row of judged events",
        "bits": "the bits that were let through",
        "sum": f"the sum of {value}",
        "distinct": f"the set of values of {value}",
    }[form.kind]
    states = (State("counting", f"{measure} so far, at most {bound}", start=True), BROKEN_STATE)
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
            found.append(f"each value of `{alone(scope.key)}`")
        elif scope.window is not None:
            found.append(f"the last {duration_text(scope.window)}, over all sessions")
        else:
            found.append(f"each {scope.kind}")
    return found if {s.kind for s in scopes} != {"key"} else [*found, "each session"]


def invariant(form: compiled.Invariant, program: core.Program) -> Automaton:
    """`always`."""
    claim = f"`{alone(form.condition)}`"
    what = "any event" if form.judged is None else patterns.event(form.judged, evidence=False)
    watching = State("watching", f"{claim} is asked of the registers as they are after the event", start=True)
    read = registers_in(form.condition)
    notes = tuple(_updates(register) for register in program.registers.values() if register.symbol in read)
    transitions = (
        Transition("watching", f"{what}, and {claim} holds", "watching"),
        Transition("watching", f"{what}, and {claim} does not hold", BROKEN),
    )
    return Automaton("invariant", (watching, BROKEN_STATE), transitions, "each session", notes)


def _updates(register: core.Register) -> str:
    events = enumerated(dict.fromkeys(patterns.event(u.event, evidence=True) for u in register.updates))
    start = f"the register `{register.symbol}` starts at `{alone(register.initial)}`"
    return f"{start} and changes at {events}" if events else f"{start} and never changes"


def query(form: compiled.LabelQuery) -> Automaton:
    """Rules about where values come from."""
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
        BROKEN_STATE,
    )
    transitions = (
        Transition("watching", f"{arrival}, with labels that the rule accepts", "watching"),
        Transition("watching", f"{arrival}, with labels that it does not", BROKEN),
    )
    notes = (
        "a label query: a proof asks the labelling of the workflow, a replay where the recorded values came from",
    )
    return Automaton("label query", states, transitions, None, notes)
