"""Where values came from in a recorded run: the sources so far, what each may lend, and which of them a rule accepts.

The search is evidence, not proof: a value is said to come from a source when, normalised, it stands in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.conditions.coercion import plain
from wfcheck.checker.conditions.compiled import UNKNOWN, Known, Truth
from wfcheck.checker.provenance.index import ValueIndex
from wfcheck.checker.provenance.labels import NOWHERE, Granted, Labels
from wfcheck.checker.provenance.places import Place, leaves, map_keys, type_at, type_name
from wfcheck.checker.provenance.values import TEXT_LIMIT, unknown_inside
from wfcheck.checker.replay.view import SYSTEM, View
from wfcheck.dsl import core

SourceKind: TypeAlias = Literal[
    "input", "result", "message", "literal", "model", "argument", "recall", "release"
]
LEAF_LIMIT = 100_000
WORKFLOW = "workflow"
WAITING = 256
"""So many events wait to be read until somebody asks."""


@attrs.frozen
class Source:
    """A leaf that was seen. `tags` it surely carries, `possible` it may carry (conditions unknown, silent declarations count
    every tag). `grants`: whether it may satisfy `from only` (an echo of a side effect may not). `owner`: a tool, a store, a
    table, a release or a principal. `silent`: its owner declares nothing."""

    number: int
    kind: SourceKind
    view: View | None
    owner: str
    place: Place
    tags: frozenset[str]
    possible: frozenset[str]
    grants: bool = True
    silent: bool = False

    def of_session(self, session: str) -> bool:
        """Whether it was seen in the session; constants are seen in all."""
        return self.view is None or self.view.session == session

    def of_kind(self, kinds: frozenset[str]) -> bool:
        """Whether it may stand for a value of one of the named types: a result must be declared as such, what was written may."""
        tool = None if self.view is None or self.kind != "result" else self.view.tool
        return tool is None or not kinds or type_name(type_at(tool.result, self.place)) in kinds

    @property
    def index(self) -> int:
        """The event that brought it; -1 for constants."""
        return -1 if self.view is None else self.view.index


@attrs.define
class Provenance:
    """The sources of one trace, in the order seen. Events wait until somebody asks: of a run without a judged call nothing is read."""

    labels: Labels
    _index: ValueIndex = attrs.field(factory=ValueIndex)
    _sources: list[Source] = attrs.field(factory=list)
    _marks: list[int] = attrs.field(factory=list)
    _full: bool = False
    _gap: bool = False
    _waiting: list[View] = attrs.field(factory=list)

    @staticmethod
    def start(labels: Labels) -> Provenance:
        """No event yet: only the rows of tables and the texts of workflows are known."""
        provenance = Provenance(labels)
        for text in labels.texts:
            provenance._leaves("literal", None, WORKFLOW, text, NOWHERE)
        for symbol, table in labels.program.tables.items():
            for row in table.rows:
                provenance._leaves("literal", None, symbol, row, NOWHERE)
        return provenance

    @property
    def sources(self) -> list[Source]:
        """The sources so far."""
        self._read()
        return self._sources

    @property
    def index(self) -> ValueIndex:
        """What the sources hold, by their numbers."""
        self._read()
        return self._index

    @property
    def marks(self) -> list[int]:
        """The number of sources before each event."""
        self._read()
        return self._marks

    @property
    def full(self) -> bool:
        """Whether more was seen than is kept."""
        self._read()
        return self._full

    @property
    def gap(self) -> bool:
        """Whether something was seen of which the record does not show what it was."""
        self._read()
        return self._gap

    def see(self, view: View) -> None:
        """Take in what an event brings. Events are seen in order."""
        self._waiting.append(view)
        if len(self._waiting) >= WAITING:
            self._read()

    def _read(self) -> None:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for view in waiting:
                self._marks.append(len(self._sources))
                self._gap = self._gap or veiled(view)
                self._bring(view)

    def _bring(self, view: View) -> None:
        match view.kind:
            case "input":
                actor = view.actor or "user"
                self._leaves("input", view, actor, _text(view), frozenset({actor}))
            case "message" if view.actor == SYSTEM:
                self._leaves("literal", view, SYSTEM, _text(view), NOWHERE)
            case "message":
                self._leaves("message", view, view.actor or "", _text(view), frozenset({view.actor or ""}))
                self._leaves("message", view, view.actor or "", view.arguments, NOWHERE)
            case "llm" | "say" | "ask":
                self._leaves("model", view, "model", _text(view), frozenset({"model"}))
            case "result":
                self._result(view)
            case "call":
                self._leaves("argument", view, view.name, view.arguments, NOWHERE)
            case "recall":
                self._stored(view)
            case "release":
                self._released(view)
            case _:
                return

    def _released(self, view: View) -> None:
        name = view.event.step or ""
        removed = self.labels.program.releases.get(name)
        tags = frozenset({f"via {name}"})
        possible = tags | (self.labels.every_tag if removed is None else removed.removes)
        for place, text in leaves(view.result):
            self._add("release", view, name, place, text, tags, possible)

    def _leaves(
        self, kind: SourceKind, view: View | None, owner: str, value: object, tags: frozenset[str]
    ) -> None:
        for place, text in leaves(value):
            self._add(kind, view, owner, place, text, tags, tags)

    def _add(
        self, kind: SourceKind, view: View | None, owner: str, place: Place, text: str,
        tags: frozenset[str], possible: frozenset[str], grants: bool = True, silent: bool = False,
    ) -> None:  # fmt: skip
        over = len(self._sources) >= LEAF_LIMIT
        self._full = self._full or over or len(text) > TEXT_LIMIT
        if not over:
            number = self._index.add(text)
            self._sources.append(Source(number, kind, view, owner, place, tags, possible, grants, silent))

    def _result(self, view: View) -> None:
        tool = view.tool
        said = frozenset(view.event.labels or ())
        if tool is None:
            tags = self.labels.every_tag | said | {f"tool({view.name})"}
            for place, text in leaves(view.result):
                self._add("result", view, view.name, place, text, said, tags, grants=False, silent=True)
            return
        truths, known = self.labels.truths(view, tool), dict[Place, Granted]()
        found = leaves(view.result)
        for place, text in (*found, *self._keys(view.result, tool)):
            field = tuple("[]" if isinstance(step, int) else step for step in place)
            granted = known.get(field)
            if granted is None:
                granted = known[field] = self.labels.granted(view, tool, field, truths, said)
            self._add("result", view, tool.symbol, place, text, *granted)
        if not found or unknown_inside(view.result):
            self._unread(view, tool, truths, said, frozenset(place for place, _ in found))

    def _unread(
        self, view: View, tool: core.Tool, truths: Mapping[int, Truth], said: frozenset[str],
        read: frozenset[Place],
    ) -> None:  # fmt: skip
        """What is not of the declared type, or has no text: with every tag that a part of the result may carry."""
        if view.event.result is None or view.reading.hides(view.event, "result"):
            return
        tags = [c.tags for number, c in enumerate(tool.returns) if truths.get(number, True) is not False]
        possible, odd = said.union(*tags), unknown_inside(view.result)
        raw = [found for found in leaves(plain(view.event.result)) if found[0] not in read]
        for place, text in raw or ([] if read else [((), "")]):
            silent = odd or not tool.declared_returns
            self._add("result", view, tool.symbol, place, text, said, possible, False, silent)

    def _keys(self, value: Known, tool: core.Tool) -> Iterator[tuple[Place, str]]:
        return map_keys(value, tool.result) if tool.symbol in self.labels.mapped else iter(())

    def _stored(self, view: View) -> None:
        store = self.labels.program.stores.get(view.event.store or "")
        tags = frozenset(view.event.labels or ()) or (self.labels.every_tag if store is None else store.holds)
        for place, text in leaves(view.result):
            self._add("recall", view, view.event.store or "", place, text, NOWHERE, tags, silent=True)


def veiled(view: View) -> bool:
    """Whether what an event brings was not recorded, or not all of it."""
    event = view.event
    if view.kind in ("result", "recall"):
        return view.result is UNKNOWN and view.reading.hides(event, "result")
    if view.kind in ("input", "message") and view.actor != SYSTEM:
        nothing = event.text is None and event.result is None and view.kind == "input"
        return nothing or view.reading.hides(event, "text")
    return False


def _text(view: View) -> Known:
    return view.event.text if view.event.text is not None else (view.event.result or UNKNOWN)
