"""The page of a replay. Each run has a word with one letter for each rule, and details where something is to be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import attrs

from wfcheck.checker.replay.result import Blame, Departure, NearMiss, ReplayReport, ReplayResult, Undeclared
from wfcheck.checker.replay.telling import Told
from wfcheck.checker.report.escape import counted
from wfcheck.checker.report.html.diagnostics import diagnostics_json
from wfcheck.checker.report.html.document import page
from wfcheck.checker.report.html.scene import Graphs, Scene
from wfcheck.checker.report.html.shown import (
    excerpt,
    filled,
    groups_json,
    mark_json,
    moment_json,
    name,
    shown,
    source_text,
)
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.report.text_disagreements import words

_LETTERS = {"holds": "h", "violated": "v", "insufficient": "i", "not-applicable": "n"}
_OPEN = ("violated", "insufficient")
MOST_RUNS = 50_000
"""So many runs are listed, those with something to be said first."""
_MOST_LISTED = 2_000
_MOST_BREAKS = 60


def write_replay_html(
    report: ReplayReport, sources: Sources, version: str, scene: Scene | None = None
) -> str:
    """The report of a replay as one file."""
    staged = scene or Scene()
    writer = _Writer(report, staged, Graphs(staged.program))
    data = {
        "page": "replay",
        "version": version,
        "exit": report.exit_code,
        "summary": dict(report.summary),
        "provenance": sorted({result.provenance for result in writer.first.values()}),
        "rules": writer.rules(sources),
        "causes": writer.causes(),
        "traces": writer.traces(),
        "more": max(0, report.traces - MOST_RUNS),
        "groups": groups_json(report.by_annotation),
        "defects": [shown(text, 2_000) for text in report.defects[:_MOST_LISTED]],
        "disagreements": [
            [
                name(d.trace),
                shown(words(d), 400),
                source_text(d.source),
                source_text(d.recorded) or name(d.file),
            ]
            for d in report.disagreements[:_MOST_LISTED]
        ],
        "undeclared": _undeclared(report.undeclared),
        "skipped": [
            [f"{name(s.file)}:{s.line or 1}", name(s.pointer), s.code, shown(s.reason, 400)]
            for s in report.skipped[:_MOST_LISTED]
        ],
        "diagnostics": diagnostics_json(report.diagnostics, sources),
    }
    data["graphs"] = writer.graphs.titles()
    return page("wfcheck: recorded runs", _lead(report), data, writer.graphs.drawn)


def _lead(report: ReplayReport) -> str:
    summary = report.summary
    size = f"{counted(report.traces, 'run')}, {counted(report.events, 'event')}"
    return f"{size}, {summary['failing_traces']} failing"


@attrs.define
class _Writer:
    report: ReplayReport
    scene: Scene
    graphs: Graphs
    first: dict[str, ReplayResult] = attrs.field(factory=dict, init=False)
    numbers: dict[str, int] = attrs.field(init=False)
    because: dict[tuple[str, str], int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        for result in self.report.results:
            self.first.setdefault(result.rule, result)
        self.numbers = {rule: n for n, rule in enumerate(self.first)}
        causes = [cause for cause in self.report.causes if cause.rule in self.numbers]
        self.because = {(cause.rule, cause.cause): n for n, cause in enumerate(causes)}

    def rules(self, sources: Sources) -> list[dict[str, Any]]:
        """Every rule that was judged, as it is written."""
        program = self.scene.program
        written = {} if program is None else {r.name.partition("@")[0]: r for r in program.rules}
        found = []
        for rule, result in self.first.items():
            declared = written.get(rule)
            fields = {
                "name": name(rule),
                "severity": name(result.severity),
                "heuristic": result.heuristic,
                "doc": declared and declared.doc and shown(declared.doc),
                "source": declared and excerpt(declared.span, sources),
                "tags": [[axis, [name(v) for v in values]] for axis, values in result.annotations],
            }
            found.append(filled(fields))
        return found

    def causes(self) -> list[list[Any]]:
        """Rule, cause, runs, first run, and, where that is asked, whether it is new."""
        known = self.report.known
        return [
            [self.numbers[c.rule], shown(c.cause), c.traces, name(c.first)]
            + ([] if known is None else ["known" if c.signature in known else "new"])
            for c in self.report.causes
            if c.rule in self.numbers
        ]

    def traces(self) -> list[dict[str, Any]]:
        """The runs in the order read; of very many those that held are left out first."""
        near, left = _by_trace(self.report.near_misses), _by_trace(self.report.departures)
        open_: list[tuple[int, dict[str, Any]]] = []
        rest: list[tuple[int, dict[str, Any]]] = []
        for order, (trace, found) in enumerate(groupby(self.report.results, key=attrgetter("trace"))):
            results = list(found)
            worth = trace in near or trace in left or any(r.verdict in _OPEN for r in results)
            kept = open_ if worth else rest
            if len(kept) < MOST_RUNS:
                kept.append((order, self._trace(trace, results, near.get(trace, []), left.get(trace, []))))
        chosen = open_ + rest[: MOST_RUNS - len(open_)]
        return [made for _, made in sorted(chosen, key=itemgetter(0))]

    def _trace(
        self, trace: str, results: list[ReplayResult], near: list[NearMiss], left: list[Departure]
    ) -> dict[str, Any]:
        told = self.scene.told.get(trace)
        word = ["-"] * len(self.numbers)
        for result in results:
            word[self.numbers[result.rule]] = _LETTERS[result.verdict]
        notable = [r for r in results if r.verdict in _OPEN]
        fields: dict[str, Any] = {
            "n": name(trace),
            "r": [self._result(result, told) for result in notable],
            "near": [self._near(miss) for miss in near],
            "left": [
                [d.mark.event, shown(d.why), d.assumption and name(d.assumption), int(d.greyed)] for d in left
            ],
            "run": None if told is None else self._run(told),
        }
        return {**filled(fields), "v": "".join(word)}

    def _near(self, miss: NearMiss) -> list[Any]:
        return [miss.mark.event, name(miss.assumption), miss.rule and name(miss.rule), miss.layers]

    def _result(self, result: ReplayResult, told: Told | None) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "rule": self.numbers[result.rule],
            "v": _LETTERS[result.verdict],
            "c": None if result.blame is None else self.because.get((result.rule, result.blame.why)),
            "blame": None if result.blame is None else self._blame(result.blame),
            "turn": mark_json(result.point_of_no_return),
            "shown": mark_json(result.manifestation),
            "heuristic": result.heuristic,
            "inherited": result.inherited,
            "reason": result.reason and shown(result.reason),
            "breaks": [mark.event for mark in result.breaks[:_MOST_BREAKS]],
            "total": len(result.breaks),
            "by": result.provenance,
        }
        return {**filled(fields), **self._red(result, told)}

    def _blame(self, blame: Blame) -> dict[str, Any]:
        fields = {
            "at": mark_json(blame.mark),
            "why": shown(blame.why),
            "assumption": blame.assumption and name(blame.assumption),
            "cause": mark_json(blame.cause),
            "value": blame.value and shown(blame.value, 2_000),
            "invented": blame.invented,
        }
        return filled(fields)

    def _red(self, result: ReplayResult, told: Told | None) -> dict[str, Any]:
        """The nodes of the marked events, in the order of the run, and the lines between them."""
        if told is None or result.verdict != "violated":
            return {}
        blame = result.blame
        marks = (blame and blame.cause, blame and blame.mark, result.point_of_no_return, result.manifestation)
        indices = sorted({mark.event for mark in marks if mark})
        places = {moment.index: moment.places for moment in told.timeline.moments}
        sure = [places[i][0] for i in indices if len(places.get(i, ())) == 1]
        ways: list[list[int]] = []
        for workflow in dict.fromkeys(workflow for workflow, _ in sure):
            hand = self.graphs.of(workflow)
            if hand is not None:
                chain = list(dict.fromkeys(node for symbol, node in sure if symbol == workflow))
                ways += [[hand.number, line] for line in hand.ways.along(chain)]
        red = self.graphs.places(list(dict.fromkeys(sure)))
        return filled({"red": red, "redWay": ways})

    def _run(self, told: Told) -> dict[str, Any]:
        ways: list[list[int]] = []
        seen: list[list[int]] = []
        drawn = []
        for workflow in told.workflows:
            hand = self.graphs.of(workflow)
            if hand is not None:
                drawn.append(hand.number)
                passed = hand.around(node for symbol, node in told.path if symbol == workflow)
                seen += [[hand.number, node] for node in hand.nodes(passed)]
                ways += [[hand.number, line] for line in hand.ways.within(passed)]
        return {
            "events": told.timeline.events,
            "moments": [moment_json(m, self.graphs.places(m.places)) for m in told.timeline.moments],
            "g": drawn,
            "w": [name(workflow) for workflow in told.workflows],
            "seen": seen,
            "perhaps": self.graphs.places(sorted(told.perhaps)),
            "way": ways,
            "lost": None if told.lost is None else [told.lost[0], shown(told.lost[1])],
        }


def _undeclared(found: Iterable[Undeclared]) -> list[list[Any]]:
    """By tool: calls, runs, and the first of them."""
    tools: dict[str, list[Undeclared]] = {}
    for one in found:
        tools.setdefault(one.tool, []).append(one)
    return [
        [name(tool), sum(u.calls for u in used), len(used), name(used[0].trace), mark_json(used[0].mark)]
        for tool, used in list(tools.items())[:_MOST_LISTED]
    ]


def _by_trace(found: Iterable[Any]) -> Mapping[str, list[Any]]:
    made: dict[str, list[Any]] = {}
    for item in found:
        made.setdefault(item.trace, []).append(item)
    return made
