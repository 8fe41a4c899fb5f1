"""A recorded event beside what the workflow wants there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from wfcheck.checker.conditions.coercion import coerce, plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Truth, has_unknown
from wfcheck.checker.conformance.model import Model
from wfcheck.checker.conformance.notes import BROKEN, CHANGED, Key, Note
from wfcheck.checker.conformance.stack import Env, Stack
from wfcheck.checker.conformance.step import Step
from wfcheck.checker.conformance.values import agree, agree_all, typed
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.types import TEXTUAL, AnyType, OptionType, Type, base

TYPED_OUTPUTS = "typed-outputs"
COMPLETE_MEDIATION = "complete-mediation"
LONGEST = 80


@attrs.define
class Differences:
    """What was found so far about one event. `result`: the value that it brings."""

    model: Model
    view: View
    notes: list[Note] = attrs.field(factory=list)
    doubt: str | None = None
    result: Known = UNKNOWN
    found: dict[str, Known] = attrs.field(factory=dict)

    def note(self, note: Note) -> Differences:
        """One more difference."""
        self.notes.append(note)
        return self

    def step(self, stack: Stack | None, env: Env) -> Step:
        """The run goes on there."""
        return Step(stack, env, tuple(self.notes), self.doubt)

    def changed(self, why: str) -> None:
        """Something is not as the workflow has it."""
        self.note(Note(why, CHANGED))

    def judge(self, truth: Truth, why: str, unsure: str) -> None:
        """Something must be so."""
        if truth is False:
            self.changed(why)
        elif truth is UNKNOWN:
            self.doubt = self.doubt or unsure

    def actor(self, wanted: str) -> Differences:
        """Who acts, where the trace says it."""
        told = self.view.event.actor
        if told is not None and told != wanted:
            self.changed(f"`{clipped(told)}` acts where `{wanted}` should")
        return self

    def to(self, wanted: str) -> Differences:
        """Who is told."""
        told = self.view.event.to
        if told is not None and told != wanted:
            self.changed(f"`{clipped(told)}` is told what is for `{wanted}`")
        return self

    def told(self, wanted: Known, what: str) -> Differences:
        """A value that the workflow computes and the event shows."""
        event = self.view.event
        shown: Known = plain(event.result) if event.result is not None else event.text
        if shown is None and wanted is not None:
            shown = UNKNOWN
        self.judge(
            agree(wanted, shown), f"{what} differs from what the workflow computes", f"{what} is not recorded"
        )
        return self

    def keyed(self, wanted: Known) -> Differences:
        """The entry of a store."""
        given = (self.view.event.args_requested or {}).get("key")
        if wanted is not None and given is not None:
            self.judge(
                agree(wanted, plain(given)), "another entry of the store is used", "the entry is not recorded"
            )
        return self

    def value(self, type_: Type, what: str) -> Differences:
        """A value that comes from outside, under its type."""
        json = _recorded(self.view, type_)
        if json is UNKNOWN:
            self.doubt = self.doubt or f"{what} is not recorded"
            return self
        self.result, truth = typed(self.model, json, type_)
        if truth is False:
            self.note(Note(f"{what} is not of its type", BROKEN, assumption=TYPED_OUTPUTS))
        elif truth is UNKNOWN:
            self.doubt = self.doubt or f"{what} is not known to be of its type"
        return self

    def ensures(self, contracts: Iterable[core.Condition], env: Env) -> Differences:
        """What is promised of that value."""
        for contract in contracts:
            truth = self.model.holds(contract.condition, env, {}, self.result)
            if truth is False:
                why = f"`{contract.name}` does not hold"
                self.note(Note(why, BROKEN, assumption=contract.name))
            elif truth is UNKNOWN:
                self.doubt = self.doubt or f"the record does not tell whether `{contract.name}` holds"
        return self

    def arguments(self, wanted: Mapping[str, Known], written: Mapping[str, core.Expr]) -> Differences:
        """The arguments that were asked for are the computed ones, and the executed ones are those that were asked for."""
        asked = self._requested()
        for name, value in wanted.items():
            given = asked.get(name, UNKNOWN)
            truth = False if misfits(self.model, self.view, name, given) else agree(value, given)
            source = written.get(name)
            if truth is UNKNOWN and given is not UNKNOWN and isinstance(source, core.Variable):
                self.found[source.name] = given
            self.judge(truth, _differs(name, self.view.name, source), f"`{name}` cannot be compared")
        self.no_others(asked.keys() - wanted.keys())
        return self.executed()

    def no_others(self, names: Iterable[str]) -> None:
        """Arguments that nobody declared; the first is told."""
        for name in sorted(set(names) - {"text"})[:1]:
            self.changed(f"`{self.view.name}` has no argument `{clipped(name)}`")

    def executed(self) -> Differences:
        """What was executed is what was asked for."""
        event = self.view.event
        if event.args_requested is None or event.args_executed is None:
            return self
        asked, done = self._requested(), self.view.arguments
        for name in sorted({*asked, *done}):
            if agree(asked.get(name, UNKNOWN), done.get(name, UNKNOWN)) is False:
                why = f"`{clipped(name)}` was executed otherwise than it was requested"
                about: tuple[Key, ...] = (("call", self.view.name),)
                return self.note(Note(why, CHANGED, about, assumption=COMPLETE_MEDIATION))
        return self

    def _requested(self) -> Mapping[str, Known]:
        event, tool = self.view.event, self.view.tool
        if event.args_requested is None or event.args_executed is None:
            return self.view.arguments
        if event.args_requested == event.args_executed:
            return self.view.arguments
        typed_ = {p.name: p.type for p in tool.parameters} if tool else {}
        asked = {n: coerce(v, typed_.get(n, AnyType())) for n, v in event.args_requested.items()}
        left = {p.name: None if p.optional else UNKNOWN for p in tool.parameters} if tool else {}
        return {**left, **asked}

    def learnt(self, env: Env) -> Env:
        """Variables that nothing told of, and the arguments do."""
        known = {name: value for name, value in self.found.items() if has_unknown(env.get(name, UNKNOWN))}
        return {**env, **known} if known else env

    def shows(self, wanted: tuple[Known, ...]) -> Differences:
        """What the approver was shown."""
        shown = self.view.event.shows
        if shown is None:
            self.judge(UNKNOWN if wanted else True, "", "what was shown is not recorded")
            return self
        why = "the approver was shown something else"
        self.judge(agree_all(wanted, [plain(value) for value in shown]), why, "what was shown is not known")
        return self

    def validity(self, s: core.Approve) -> Differences:
        """For how long it was given."""
        event = self.view.event
        longer = event.valid_until is not None and s.within_time is None
        if (event.valid_steps is not None and event.valid_steps != s.within_steps) or longer:
            self.changed("the approval was given for another while")
        return self


def clipped(name: str) -> str:
    """A name out of a trace, of a length that can be shown."""
    return name if len(name) <= LONGEST else name[:LONGEST] + "..."


def compare(model: Model, view: View) -> Differences:
    """Nothing found yet."""
    return Differences(model, view)


def misfits(model: Model, view: View, name: str, value: Known) -> bool:
    """Whether an argument was recorded, and not as its type."""
    if value is not UNKNOWN or view.event.arguments.get(name) is None:
        return False
    unseen = {*model.unseen, *(f for f, shown in (view.event.completeness or {}).items() if shown != "full")}
    sides = ("args_requested", "args_executed")
    return unseen.isdisjoint({*sides, *(f"{side}.{name}" for side in sides)})


def _recorded(view: View, type_: Type) -> Known:
    """What an event brings, as it was recorded; of text also what was said."""
    event = view.event
    shown = {**(event.completeness or {})}
    if shown.get("result") in ("redacted", "truncated", "absent"):
        return UNKNOWN
    if event.result is not None:
        return event.result  # type: ignore[no-any-return]
    bare = base(type_)
    if event.text is not None and (bare in TEXTUAL or isinstance(bare, AnyType)):
        return event.text
    return None if isinstance(bare, OptionType | AnyType) and event.kind == "result" else UNKNOWN


def _differs(name: str, tool: str, source: core.Expr | None) -> str:
    computed = "what the workflow computes"
    whose = f"the bound variable `{source.name}`" if isinstance(source, core.Variable) else computed
    return f"`{name}` of `{tool}` differs from {whose}"
