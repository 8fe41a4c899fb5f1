"""Goals: what a run must have come to when it ends. A goal is lost at the first event after which no way of the workflow can reach it.

The rules that are goals say `before end`, or judge `end` itself (`always c when end`, `forbid end when c`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from wfcheck.checker import monitor
from wfcheck.checker.conformance.ahead import may_still
from wfcheck.checker.conformance.stack import Config
from wfcheck.checker.replay.past import expressions_in
from wfcheck.checker.replay.relevance import asked_by, speaks
from wfcheck.checker.replay.view import View
from wfcheck.checker.replay.watch import Watch
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions

_LASTING = frozenset({"register", "binder", "bound", "it"})
_ACTS = frozenset({"call", "result", "remember", "recall", "say", "message"})
_BY_ACTS = frozenset({"read", "write", "emit"})


@attrs.frozen
class Goal:
    """A rule that is judged at the end. `helpful`: the events that may yet save it."""

    rule: str
    helpful: tuple[core.EventChoice, ...]

    def may_help(self, kind: str, name: str) -> bool:
        """Whether an event of a kind, about a tool, may bring the goal nearer."""
        done = "call" if kind in ("result", "fail") else kind
        return any(
            (choice.kind in _BY_ACTS and kind in _ACTS) or speaks(choice, done, name)
            for choice in self.helpful
        )


def goals_of(watch: Watch) -> tuple[Goal, ...]:
    """The goals among the rules at work on a trace."""
    judged = {w.rule.name for w in watch.working}
    program = watch.policy.program
    return tuple(
        Goal(rule.name, (*helpful, *asked_by(rule, program)))
        for rule, compiled in watch.policy.rules
        if rule.name in judged and not rule.per_session and (helpful := _helpful(rule, compiled)) is not None
    )


def missed(goals: Iterable[Goal], watch: Watch, view: View, configs: tuple[Config, ...]) -> Iterator[str]:
    """The goals that no way of the run reaches any more, after an event; none, if no way is known."""
    beyond = {goal.rule for goal in goals if configs and not may_still(configs, goal.may_help)}
    if beyond:
        yield from beyond & set(_broken(watch, view))


def _broken(watch: Watch, view: View) -> Iterator[str]:
    """The rules that are broken for sure if the run ends now."""
    end = Event(kind="end", seq=view.event.seq + 1, session=view.event.session, run=view.event.run)
    ended = watch.view(end)
    yield from (rule.name for rule, finding in watch.judge(ended) if finding.verdict == "violated")
    history = watch.run_past(ended)
    for rule, stepper in watch.invariants:
        if any(finding.verdict == "violated" for finding in stepper.after(ended, history)):
            yield rule.name


def _helpful(rule: core.Rule, compiled: monitor.Compiled) -> tuple[core.EventChoice, ...] | None:
    """The events that the rule itself speaks of and that may save it; None for a rule that is no goal."""
    if not _lasting(rule):
        return None
    match compiled:
        case monitor.Invariant(judged=judged) if judged is not None and _at_end(judged):
            return ()
        case monitor.Monitor(judged=judged, evidence=evidence, armed=armed) if _at_end(judged):
            if armed is not None and armed.duration is not None:
                return None
            saving = (None if evidence is None else evidence.pattern, None if armed is None else armed.until)
            return tuple(choice for pattern in saving if pattern is not None for choice in pattern.choices)
        case _:
            return None


def _at_end(pattern: core.EventPattern) -> bool:
    return all(c.kind == "end" and not c.tests and c.result is None and c.by is None for c in pattern.choices)


def _lasting(rule: core.Rule) -> bool:
    """Whether its conditions speak of nothing that only the end itself will bring."""
    return all(
        part.kind in _LASTING
        for expression in expressions_in(rule.body)
        for part in subexpressions(expression)
        if isinstance(part, core.Variable)
    )
