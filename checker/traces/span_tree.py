"""Spans and how they belong together: who is below whom, and which tool span carries out which request of a model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator
from typing import Literal, TypeAlias

import attrs

from wfcheck.checker.traces.event import Json
from wfcheck.checker.traces.messages import Message, Request

SpanKind: TypeAlias = Literal["llm", "tool", "agent", "other"]
HISTORY = "history"
_DEEPEST = 100
_TRIED = 200


@attrs.frozen
class Span:
    """One span. Times are nanoseconds since 1970. `heard` and `said` are of model spans; the fields after them of tools."""

    line: int
    pointer: str
    id: str
    parent: str | None
    kind: SpanKind
    name: str
    start: int
    end: int | None
    run: str | None = None
    heard: tuple[Message, ...] = ()
    said: tuple[Message, ...] = ()
    call: str | None = None
    arguments: dict[str, Json] | None = None
    result: Json = None
    shows_result: bool = False
    error: str | None = None

    @property
    def requests(self) -> list[Request]:
        """The calls that a model asks for."""
        return [request for message in self.said for request in message.requests]


class Tree:
    """The spans of one run. Of model spans inside model spans (one call seen by two instrumentations) one counts: the inner,
    unless only the outer shows the calls asked for. Of tool spans of one call inside one another the innermost counts."""

    def __init__(self, spans: list[Span]) -> None:
        self._by_id = {span.id: span for span in spans}
        doubled = self._doubled(spans)
        self.spans = [attrs.evolve(s, kind="other") if s.id in doubled else s for s in spans]
        self.carried: set[tuple[str, int]] = set()
        self.requested: dict[str, tuple[Span, Request]] = {}
        self._pair()

    def above(self, span: Span) -> Iterator[Span]:
        """The spans around a span, the nearest first; of very many the nearest."""
        at, seen = span.parent, {span.id}
        while at is not None and at in self._by_id and at not in seen and len(seen) < _DEEPEST:
            seen.add(at)
            yield self._by_id[at]
            at = self._by_id[at].parent

    def agent(self, span: Span) -> str | None:
        """The name of the nearest agent around a span."""
        return next((up.name for up in self.above(span) if up.kind == "agent"), None)

    def caller(self, span: Span) -> str:
        """Who speaks to the agent of the span: the agent above it."""
        names = [up.name for up in self.above(span) if up.kind == "agent"]
        return next((name for name in names if name != names[0]), HISTORY)

    def under_tool(self, span: Span) -> bool:
        """Whether a tool is around the span."""
        return any(up.kind == "tool" for up in self.above(span))

    def _doubled(self, spans: list[Span]) -> set[str]:
        """What is told twice: of model spans inside a model span, and of a tool span around one of the same call."""
        inner: dict[str, list[Span]] = {}
        doubled: set[str] = set()
        for span in spans:
            if span.kind == "llm":
                around = next((up for up in self.above(span) if up.kind == "llm"), None)
                if around is not None:
                    inner.setdefault(around.id, []).append(span)
            elif span.kind == "tool":
                around = next((up for up in self.above(span) if up.kind == "tool"), None)
                doubled |= {around.id} if around is not None and _same_call(around, span) else set()
        for span in spans:
            if span.kind == "llm" and span.id in inner:
                richer = bool(span.requests) and not any(one.requests for one in inner[span.id])
                doubled |= {one.id for one in inner[span.id]} if richer else {span.id}
        return doubled

    def _pair(self) -> None:
        models = sorted(
            (s for s in self.spans if s.kind == "llm" and s.end is not None), key=lambda s: s.end or 0
        )
        named: dict[tuple[SpanKind, str], list[Span]] = {}
        called: dict[str, Span] = {}
        for span in sorted(self.spans, key=lambda s: s.start):
            if span.kind in ("tool", "other"):
                named.setdefault((span.kind, span.name), []).append(span)
            if span.kind == "tool" and span.call is not None:
                called.setdefault(span.call, span)
        free = {key: _Free(spans) for key, spans in named.items()}
        for model in models:
            for index, request in enumerate(model.requests):
                found = called.get(request.id or "")
                queues = (free.get(("tool", request.tool)), free.get(("other", request.tool)))
                found = found or next(
                    (s for q in queues if q and (s := q.first(model, request, self.requested))), None
                )
                if found is not None and found.id not in self.requested:
                    self.carried.add((model.id, index))
                    self.requested[found.id] = model, request


class _Free:
    """Spans of one name in the order of their starts; those that are taken are stepped over at no cost."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans, self._starts = spans, [span.start for span in spans]
        self._next = list(range(len(spans) + 1))

    def first(self, model: Span, request: Request, taken: Container[str]) -> Span | None:
        """The first span that is free, began after the model and is not of another call; far ones are not looked at."""
        at = bisect_left(self._starts, model.start)
        for _ in range(_TRIED):
            at = self._skip(at, taken)
            if at == len(self._spans):
                return None
            span = self._spans[at]
            if None in (span.call, request.id) or span.call == request.id:
                return span
            at += 1
        return None

    def _skip(self, at: int, taken: Container[str]) -> int:
        path = []
        while at < len(self._spans) and (self._next[at] != at or self._spans[at].id in taken):
            path.append(at)
            at = max(self._next[at], at + 1)
        for step in path:
            self._next[step] = at
        return at


def _same_call(outer: Span, inner: Span) -> bool:
    return outer.name == inner.name and (
        None in (outer.arguments, inner.arguments) or outer.arguments == inner.arguments
    )
