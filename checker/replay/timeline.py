"""What is kept of a run to show it: its beginning, its end and the neighbourhood of marked events, each event cut to a bounded size."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection, Iterator

import attrs

from wfcheck.checker.traces.event import Event, EventSource, Json

HEAD, AROUND, TAIL = 40, 8, 12
"""Events kept at the beginning, on each side of a mark, and at the end."""
MOST_MARKS = 60
LONGEST = 2_000
"""Characters kept of one text or value."""
_MOST_FIELDS = 24
_MOST_NAME = 200
_DEEPEST = 40


@attrs.frozen
class Clip:
    """The beginning of a text. `length`: characters of all of it; None: more than what is here, and nobody counted."""

    text: str
    length: int | None

    @property
    def whole(self) -> bool:
        """Whether nothing was cut off."""
        return self.length == len(self.text)


@attrs.frozen
class Moment:
    """One event of a run as it is shown; everything in it is untrusted text. `subject` is the tool, store, step or receiver; `values`
    its arguments, result, text and error by name; `places` the nodes of workflows that it may be of (workflow, node)."""

    index: int
    kind: str
    subject: str
    actor: str | None
    agent: str | None
    time: str | None
    values: tuple[tuple[str, Clip], ...]
    more: int
    source: EventSource | None
    places: tuple[tuple[str, str], ...] = ()
    session: str = ""
    run: str = ""


@attrs.frozen
class Timeline:
    """The events of one run that were kept, in order, of `events` in all."""

    moments: tuple[Moment, ...]
    events: int


@attrs.define
class Recorder:
    """Sees every event of one run once, in order, and keeps a bounded part. `wanted`: the indices of marked events, as far as they are
    known beforehand; an event that turns out to be marked while it is among the last ones can be pinned."""

    wanted: Collection[int] = ()
    kept: dict[int, Moment] = attrs.field(factory=dict, init=False)
    events: int = attrs.field(default=0, init=False)
    _near: set[int] = attrs.field(factory=set, init=False)
    _last: deque[Moment] = attrs.field(factory=lambda: deque(maxlen=TAIL + AROUND), init=False)

    def __attrs_post_init__(self) -> None:
        for index in sorted(self.wanted)[:MOST_MARKS]:
            self._near.update(_around(index))

    def see(self, index: int, event: Event, places: tuple[tuple[str, str], ...] = ()) -> None:
        """The next event."""
        self.events = index + 1
        moment = moment_of(index, event, places)
        self._last.append(moment)
        if index < HEAD or index in self._near:
            self.kept[index] = moment

    def pin(self, index: int) -> None:
        """The event of that index, one of the last, is marked."""
        if len(self._near) < MOST_MARKS * (2 * AROUND + 1):
            near = _around(index)
            self._near.update(near)
            self.kept.update({m.index: m for m in self._last if m.index in near})

    def done(self) -> Timeline:
        """What was kept."""
        last = {moment.index: moment for moment in list(self._last)[-TAIL:]}
        kept = {**self.kept, **last}
        return Timeline(tuple(kept[index] for index in sorted(kept)), self.events)


def _around(index: int) -> range:
    return range(max(0, index - AROUND), index + AROUND + 1)


def moment_of(index: int, event: Event, places: tuple[tuple[str, str], ...] = ()) -> Moment:
    """One event, cut to a bounded size."""
    values = list(_values(event))
    return Moment(
        index,
        event.kind,
        (event.tool or event.store or event.step or event.to or "")[:_MOST_NAME],
        _name(event.actor),
        _name(event.agent),
        _name(event.time),
        tuple(values[:_MOST_FIELDS]),
        max(0, len(values) - _MOST_FIELDS),
        event.source,
        places,
        (event.session or "")[:_MOST_NAME],
        (event.run or "")[:_MOST_NAME],
    )


def _name(text: str | None) -> str | None:
    return None if text is None else text[:_MOST_NAME]


def _values(event: Event) -> Iterator[tuple[str, Clip]]:
    for name, value in event.arguments.items():
        yield name[:_MOST_NAME], clip(value)
    if event.result is not None or event.kind == "result":
        yield "result", clip(event.result)
    if event.text is not None and event.text != event.result:
        yield "text", clip(event.text)
    if event.error is not None:
        yield "error", clip(event.error)
    if event.decision is not None:
        yield "decision", clip(event.decision)
    for name, listed in (("labels", event.labels), ("derived from", event.derived_from)):
        if listed:
            yield name, clip(listed)


def clip(value: Json) -> Clip:
    """The beginning of a text, or of the JSON of any other value."""
    if isinstance(value, str):
        return Clip(value[:LONGEST], len(value))
    pieces, size = [], 0
    for piece in _pieces(value, 0):
        pieces.append(piece[: LONGEST + 1])
        size += len(pieces[-1])
        if size > LONGEST:
            return Clip("".join(pieces)[:LONGEST], None)
    text = "".join(pieces)
    return Clip(text, len(text))


def _pieces(value: Json, depth: int) -> Iterator[str]:
    """The JSON text of a value, piece by piece, so that little is made of what is not shown."""
    if depth > _DEEPEST:
        yield "…"
    elif isinstance(value, dict):
        yield "{"
        for number, (name, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{_quoted(str(name))}: "
            yield from _pieces(item, depth + 1)
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for number, item in enumerate(value):
            yield ", " if number else ""
            yield from _pieces(item, depth + 1)
        yield "]"
    else:
        yield _quoted(value) if isinstance(value, str) else _scalar(value)


def _quoted(text: str) -> str:
    return json.dumps(text[: LONGEST + 1], ensure_ascii=False)


def _scalar(value: Json) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= 1 << 4096:
        return hex(value)[: LONGEST + 1]
    return str(value)
