"""Assumptions about tools and stores that a run breaks wherever it stands: pure tools, what stores hold, the labels of results."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from wfcheck.checker.conditions.coercion import coerce, plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Known
from wfcheck.checker.conformance.notes import BROKEN, Note
from wfcheck.checker.conformance.values import agree
from wfcheck.checker.replay.view import View
from wfcheck.dsl import core
from wfcheck.dsl.types import ListType, base
from wfcheck.dsl.walk import statements

TOOL_EFFECTS = "tool-effects"
SOURCE_LABELS = "source-labels"
KEPT = 10_000
"""So many answers of pure tools, and elements of a store, are remembered."""


@attrs.define
class Facts:
    """What one trace showed so far. `whole`: stores of which every `recall` gives all, with what they hold, if that is known."""

    program: core.Program
    whole: dict[str, Known]
    answers: dict[tuple[str, str], str] = attrs.field(factory=dict)

    @staticmethod
    def of(program: core.Program, writes: bool) -> Facts:
        """Nothing is known of any store. `writes`: whether the trace shows what is remembered."""
        return Facts(program, dict.fromkeys(_whole(program) if writes else (), UNKNOWN))

    def see(self, view: View) -> Iterator[Note]:
        """Take an event in; the assumptions that it breaks."""
        match view.kind:
            case "result":
                yield from self._pure(view)
                yield from _labelled(view)
            case "call":
                for store in view.tool.writes & self.whole.keys() if view.tool else self.whole:
                    self.whole[store] = UNKNOWN
            case "remember" if view.event.store in self.whole:
                self._grow(view.event.store, plain(view.event.result))
            case "recall" if view.event.store in self.whole:
                yield from self._recalled(view, view.event.store)
            case _:
                return

    def _pure(self, view: View) -> Iterator[Note]:
        """A pure tool answers the same to the same arguments."""
        if view.tool is None or not view.tool.pure or view.call is None:
            return
        given = (view.name, repr(sorted(view.call.arguments.items())))
        known = self.answers.get(given)
        if known is None and len(self.answers) < KEPT:
            self.answers[given] = repr(view.result)
        elif known is not None and known != repr(view.result):
            why = f"`{view.name}` answers otherwise than before to the same arguments"
            yield Note(why, BROKEN, assumption=TOOL_EFFECTS)

    def _grow(self, store: str, value: Known) -> None:
        held = self.whole[store]
        if isinstance(held, tuple):
            self.whole[store] = (*held, value) if len(held) < KEPT else UNKNOWN  # type: ignore[arg-type]

    def _recalled(self, view: View, store: str) -> Iterator[Note]:
        """A store holds what it held, and what was remembered since."""
        held, now = self.whole[store], coerce(view.event.result, self.program.stores[store].type)
        self.whole[store] = now
        if agree(held, now) is False:
            why = f"`{store}` holds something else than what was remembered"
            yield Note(why, BROKEN, assumption=f"{store}.writers")


def _whole(program: core.Program) -> Iterator[str]:
    """Lists without partitions of which no workflow recalls a part."""
    parts = {
        s.store
        for workflow in program.workflows.values()
        for s in statements(workflow.body)
        if (isinstance(s, core.Recall) and (s.condition is not None or s.key is not None))
        or (isinstance(s, core.Remember) and s.key is not None)
    }
    for symbol, store in program.stores.items():
        if store.partition is None and symbol not in parts and isinstance(base(store.type), ListType):
            yield symbol


def _labelled(view: View) -> Iterator[Note]:
    """A result carries the tags that are declared, and those of the arguments."""
    tool, labels, call = view.tool, view.event.labels, view.call
    if tool is None or labels is None or call is None or not tool.declared_returns or tool.reads:
        return
    given = call.event.argument_labels
    if given is None:
        return
    declared = {tag for returned in tool.returns for tag in returned.tags}
    extra = sorted(set(labels) - declared - {tag for tags in given.values() for tag in tags})
    if extra:
        why = f"the result of `{view.name}` carries `{extra[0]}`, which is not declared"
        yield Note(why, BROKEN, assumption=SOURCE_LABELS)
