"""The monitor of a rule as states and transitions in words, from its compiled form."""

from __future__ import annotations

from typing import assert_never

from wfcheck.checker import monitor as compiled
from wfcheck.checker.explaining import patterns
from wfcheck.checker.explaining import states_words as words
from wfcheck.checker.explaining.automaton_forms import invariant, query, quota, response, separation
from wfcheck.checker.explaining.expressions import alone, duration_text
from wfcheck.checker.explaining.formula_events import demands
from wfcheck.checker.explaining.merging import merged_grants
from wfcheck.checker.explaining.patterns import names
from wfcheck.checker.explaining.states import BROKEN, BROKEN_STATE, UNKNOWN, Automaton, State, Transition
from wfcheck.dsl import core


def automaton(rule: core.Rule, program: core.Program) -> Automaton:
    """The compiled rule as an automaton."""
    form = compiled.compile_rule(rule, program)
    match form:
        case compiled.Monitor():
            return _monitor(form, granting=isinstance(rule.body, core.Allow))
        case compiled.Response():
            return response(form)
        case compiled.Separation():
            return separation(form)
        case compiled.Quota():
            return quota(form)
        case compiled.Invariant():
            return invariant(form, program)
        case compiled.LabelQuery():
            return query(form)
        case compiled.Unsupported(reason=reason):
            return Automaton("none", notes=(reason,))
        case _:
            assert_never(form)


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
        (State("watching", "every call is compared with the grants", start=True), BROKEN_STATE),
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
    judged, armed = words.judged(form), form.armed
    if armed is None:
        watching = State("watching", "nothing needs to be remembered", start=True)
        return Automaton(
            "forbidden event", (watching, BROKEN_STATE), (Transition("watching", judged, BROKEN),)
        )
    transitions = [Transition("idle", patterns.event(armed.after, evidence=True), "armed")]
    if armed.until is not None:
        transitions.append(Transition("armed", patterns.event(armed.until, evidence=True), "idle"))
    if armed.duration is not None:
        transitions.append(Transition("armed", f"{duration_text(armed.duration)} have passed", "idle"))
    transitions.append(Transition("armed", judged, BROKEN))
    states = (
        State("idle", "the rule does not speak yet", start=True),
        State("armed", "the rule speaks"),
        BROKEN_STATE,
    )
    copies = words.copies(form.judged, armed.after, *(() if armed.until is None else (armed.until,)))
    return Automaton("forbidden event, armed", states, tuple(transitions), copies, words.scope(form, UNKNOWN))


def _ordered(form: compiled.Monitor, evidence: compiled.Evidence) -> Automaton:
    demanding = demands(form.when, form.judged)
    judged = patterns.event(form.judged, evidence=False) if demanding else words.judged(form)
    asked = f" such that `{alone(form.when)}`" if demanding and form.when is not None else ""
    transitions = [
        Transition("waiting", patterns.event(evidence.pattern, evidence=True) + asked, "ready"),
        Transition("waiting", judged, BROKEN),
        Transition("ready", judged, "waiting" if evidence.single_use else "ready"),
    ]
    if evidence.since is not None:
        transitions.append(Transition("ready", patterns.event(evidence.since, evidence=True), "waiting"))
    if evidence.within_steps is not None:
        late = f"the {words.ordinal(evidence.within_steps + 1)} call after it"
        transitions.append(Transition("ready", f"{late} is reached", "waiting"))
    if evidence.within_time is not None:
        transitions.append(
            Transition("ready", f"{duration_text(evidence.within_time)} have passed", "waiting")
        )
    states = (
        State("waiting", "there is no evidence that still counts", start=True),
        State("ready", "there is evidence" + (", not used up" if evidence.single_use else "")),
        BROKEN_STATE,
    )
    notes: tuple[str, ...] = (UNKNOWN,)
    if evidence.single_use:
        notes = (
            "approvals are counted: each makes one call ready, and the oldest valid one is used up first",
            *notes,
        )
    copies = words.copies(form.judged, evidence.pattern, each=(form.binder, form.source), binding=True)
    return Automaton("evidence before", states, tuple(transitions), copies, words.scope(form, *notes))
