"""Earlier events that may count as evidence for a later one, found without looking at all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator

import attrs

from wfcheck.checker.conditions.compiled import UNKNOWN, History, Tables, Truth, conjunction
from wfcheck.checker.replay.patterns import EMPTY, Bindings, Pattern, compile_pattern, complete, key_of
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.walk import subexpressions


@attrs.define(eq=False)
class Entry:
    """A remembered event; `used` once an approval has served its call."""

    view: View
    used: bool = False


@attrs.frozen
class Ties:
    """How a pattern hangs on the other event: arguments that must be the same, binders by argument; `call`: the whole call.
    `free`: not at all. `indexed`: by these ties alone a bucket can be chosen."""

    same: tuple[str, ...]
    binders: tuple[tuple[str, str], ...]
    call: bool
    free: bool
    indexed: bool


def partnered(pattern: core.EventPattern) -> bool:
    """Whether the pattern compares its event with another one."""
    return any(isinstance(t, core.Same | core.SameCall) for c in pattern.choices for _, t in c.tests)


def ties_of(
    pattern: core.EventPattern, binding: bool = False, other: core.EventPattern | None = None
) -> Ties:
    """The ties of a pattern. Several choices, or comparisons with binders, are found by a scan. `other`: a pattern whose event
    hangs on the events of this one."""
    back = other.choices if other is not None and partnered(other) else ()
    choices = pattern.choices
    tests = [(name, test) for choice in (*choices, *back) for name, test in choice.tests]
    same = tuple(name for name, test in tests if isinstance(test, core.Same))
    binders = tuple((name, test.name) for name, test in tests if isinstance(test, core.Bind))
    args = any(isinstance(test, core.SameCall) for _, test in tests)
    call = args or (binding and all(choice.kind == "approve" for choice in choices))
    mixed = binding and any(choice.kind == "approve" for choice in choices)
    compared = any(isinstance(test, core.Compare) and _has_binder(test.value) for _, test in tests)
    results = any(
        choice.result is not None and not isinstance(choice.result, core.Compare) for choice in choices
    )
    free = not (same or binders or call or compared or results or mixed)
    return Ties(same, binders, call, free, len(choices) == 1 and len(back) < 2 and bool(same or call))


def _tested(pattern: core.EventPattern, ties: Ties) -> tuple[str, ...] | None:
    """The arguments by which a pattern tells events apart; None where it looks at more."""
    if any(choice.result is not None for choice in pattern.choices):
        return None
    tests = [one for choice in pattern.choices for one in choice.tests]
    named = {name for name, test in tests if not isinstance(test, core.SameCall)}
    return tuple(sorted(named | set(ties.same) | {name for name, _ in ties.binders}))


def _has_binder(expression: core.Expr) -> bool:
    return any(isinstance(e, core.Variable) for e in subexpressions(expression))


@attrs.define
class Memory:
    """The events of one scope that match a pattern at its moment of being done. Of events that match with the same others the latest
    is kept, so that what is remembered grows with the values of arguments, not with the trace."""

    pattern: Pattern
    ties: Ties
    single_use: bool = False
    tested: tuple[str, ...] | None = (
        None  # the arguments on which alone it depends which events match; None: on more
    )
    buckets: dict[Hashable, list[Entry]] = attrs.field(factory=lambda: defaultdict(list))
    alike: dict[Hashable, Entry] = attrs.field(factory=dict)

    @staticmethod
    def of(
        pattern: core.EventPattern,
        program: core.Program,
        tables: Tables,
        *,
        evidence: bool = False,
        other: core.EventPattern | None = None,
        timed: bool = False,
    ) -> Memory:
        """An empty memory for a pattern. `evidence`: approvals count for the very call alone, and once. `other`: as `ties_of`."""
        compiled = compile_pattern(pattern, program, tables, "done", binding=evidence)
        single = evidence and any(choice.kind == "approve" for choice in pattern.choices)
        ties = ties_of(pattern, evidence, other)
        return Memory(compiled, ties, single, None if single or timed else _tested(pattern, ties))

    def fresh(self) -> Memory:
        """An empty memory for another scope."""
        return Memory(self.pattern, self.ties, self.single_use, self.tested)

    def see(self, view: View, history: History | None) -> None:
        """Remember the event if it may match."""
        if view.kind not in self.pattern.kinds:
            return
        truth = self.pattern.match(view, history=history).truth
        if truth is False:
            return
        alike = self._alike(view)
        if alike is not None:
            entry = self.alike.get(alike)
            if entry is not None:
                entry.view = view  # a later one of its like serves whatever the earlier one did
                return
        bucket = self.buckets[self._key_of_entry(view, truth)]
        if self.ties.free and not self.single_use:
            bucket.clear()
        entry = Entry(view)
        bucket.append(entry)
        if alike is not None:
            self.alike[alike] = entry

    def _alike(self, view: View) -> Hashable | None:
        """What events have in common that match with the same others; None if that is not known."""
        if self.tested is None or self.ties.free:
            return None
        about = (
            c.told(view.kind, view.name, view.tool) for c in self.pattern.choices if view.kind in c.kinds
        )
        if None in about:
            return None
        names = sorted(view.arguments) if self.ties.call else self.tested
        values = [view.arguments.get(name, UNKNOWN) for name in names]
        shown = complete(view) if self.ties.call else True
        return (
            view.kind,
            view.name,
            view.actor,
            view.on_behalf,
            shown,
            tuple(names),
            tuple(map(key_of, values)),
        )

    def _key_of_entry(self, view: View, truth: Truth) -> Hashable:
        if self.ties.free:
            return truth
        if not self.ties.indexed:
            return None
        return self._key(view)

    def _key(self, view: View) -> Hashable:
        """The bucket of an event by its tied arguments, or None where one of them is unknown."""
        if self.ties.call:
            parts = tuple(sorted((n, key_of(v)) for n, v in view.arguments.items() if v is not UNKNOWN))
            known = len(parts) == len(view.arguments)
            return ("call", view.name, parts) if known else None
        values = [view.arguments.get(name, UNKNOWN) for name in self.ties.same]
        return None if UNKNOWN in values else ("same", tuple(key_of(v) for v in values))

    def find(
        self,
        judged: View,
        bindings: Bindings,
        history: History | None,
        valid: Callable[[View, Bindings], Truth],
    ) -> Truth:
        """Whether an event is remembered, and not used up, that matches with the judged one and is valid."""
        doubt: Truth = False
        for entry in self.candidates(judged):
            for match in () if entry.used else self.pattern.matches(entry.view, judged, bindings, history):
                truth = conjunction(match.truth, valid(entry.view, match.bindings))
                if truth is True:
                    return True
                doubt = UNKNOWN if truth is UNKNOWN else doubt
        return doubt

    def use_up(self, judged: View, history: History | None, valid: Callable[[View, Bindings], Truth]) -> None:
        """The judged call takes the oldest approval that is surely valid for it."""
        for entry in sorted(self.candidates(judged), key=lambda entry: entry.view.index):
            if entry.used or entry.view.kind != "approve":
                continue
            if any(
                match.truth is True and valid(entry.view, {}) is True
                for match in self.pattern.matches(entry.view, judged, EMPTY, history)
            ):
                entry.used = True
                return

    def candidates(self, judged: View) -> Iterator[Entry]:
        """The entries that may match with the judged event, newest first within a bucket."""
        keys: list[Hashable] = [True, UNKNOWN] if self.ties.free else [None]
        if self.ties.indexed:
            key = self._key(judged)
            keys = list(self.buckets) if key is None else [key, None]
        for key in keys:
            bucket = self.buckets.get(key)
            if bucket:
                if self.single_use:
                    bucket[:] = [entry for entry in bucket if not entry.used]
                yield from reversed(bucket)

    def latest(self, judged: View, bindings: Bindings = EMPTY, history: History | None = None) -> Latest:
        """The latest events that surely match, and that may match, with the judged one."""
        sure = perhaps = -1
        for entry in self.candidates(judged):
            if entry.view.index > perhaps:
                truth = self.pattern.match(entry.view, judged, bindings, history).truth
                perhaps = perhaps if truth is False else entry.view.index
                sure = max(sure, entry.view.index) if truth is True else sure
            elif entry.view.index > sure:
                truth = self.pattern.match(entry.view, judged, bindings, history).truth
                sure = entry.view.index if truth is True else sure
        return Latest(sure, perhaps)


@attrs.frozen
class Latest:
    """Indices of events; -1: there is none."""

    sure: int = -1
    perhaps: int = -1

    def not_after(self, index: int) -> Truth:
        """Whether no such event came after the one at the index."""
        return False if self.sure > index else UNKNOWN if self.perhaps > index else True
