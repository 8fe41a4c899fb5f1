"""The page of a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from wfcheck.checker.replay.telling import Told, told_of
from wfcheck.checker.report.escape import counted
from wfcheck.checker.report.html.diagnostics import diagnostics_json
from wfcheck.checker.report.html.document import page
from wfcheck.checker.report.html.scene import Graphs, Scene, Stagehand, node_at
from wfcheck.checker.report.html.shown import excerpt, filled, groups_json, moment_json, name, place, shown
from wfcheck.checker.report.sources import Sources
from wfcheck.checker.result import Coverage, PathStep, Report, Result, Verdict, Witness

_GROUPS = {
    Verdict.PROVED: "good",
    Verdict.ENFORCED: "good",
    Verdict.VIOLATED: "bad",
    Verdict.NOT_APPLICABLE: "idle",
    Verdict.VACUOUS: "idle",
}


def write_check_html(report: Report, sources: Sources, version: str, scene: Scene | None = None) -> str:
    """The report of a check as one file."""
    staged = scene or Scene()
    graphs = Graphs(staged.program)
    data = {
        "page": "check",
        "version": version,
        "exit": report.exit_code,
        "summary": _summary(report),
        "results": [_result(result, sources, graphs) for result in report.results],
        "groups": groups_json(report.by_annotation),
        "diagnostics": diagnostics_json(report.diagnostics, sources),
        "coverage": None if report.coverage is None else _coverage(report.coverage),
    }
    data["graphs"] = graphs.titles()
    return page("wfcheck: rules of workflows", _lead(report), data, graphs.drawn)


def _lead(report: Report) -> str:
    if not report.results:
        return "no rule was judged"
    workflows = {result.workflow for result in report.results if result.workflow is not None}
    words = ", ".join(f"{count} {verdict.lower()}" for _, verdict, count in _summary(report))
    return f"{counted(len(report.results), 'result')} for {counted(len(workflows), 'workflow')}: {words}"


def _summary(report: Report) -> list[tuple[str, str, int]]:
    counts = Counter(result.verdict for result in report.results)
    return [(group_of(v), v.value, counts[v]) for v in Verdict if counts[v]]


def group_of(verdict: Verdict) -> str:
    """What a verdict means to the reader: good, bad, idle or open."""
    return _GROUPS.get(verdict, "open")


def _result(result: Result, sources: Sources, graphs: Graphs) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "verdict": result.verdict.value,
        "group": group_of(result.verdict),
        "rule": name(result.rule),
        "workflow": result.workflow and name(result.workflow),
        "file": name(result.file),
        "at": place(result.span),
        "severity": name(result.severity),
        "doc": result.doc and shown(result.doc),
        "reason": result.reason and shown(result.reason),
        "notes": [shown(note) for note in result.notes],
        "help": result.help and shown(result.help),
        "assumptions": [name(a) for a in result.assumptions],
        "cores": [[name(a) for a in core] for core in result.cores],
        "depth": result.depth,
        "certificate": result.certificate and name(result.certificate),
        "heuristic": result.heuristic,
        "known": result.known,
        "tags": [[axis, [name(v) for v in values]] for axis, values in result.annotations],
        "source": excerpt(result.span, sources),
        "path": [{"edge": s.edge, "text": shown(s.text), "at": place(s.span)} for s in _path(result)],
        **_drawn(result, graphs),
    }
    return filled(fields)


def _path(result: Result) -> tuple[PathStep, ...]:
    """The way to the violation; one of nothing but the events of a run is told by the run."""
    by_run = result.witness is not None and all(step.edge == "control" for step in result.path)
    return () if by_run else result.path


def _drawn(result: Result, graphs: Graphs) -> dict[str, Any]:
    """The run, and what of the graphs it, and the way of the violation, passes."""
    told = None if result.witness is None else _told(result.witness, graphs)
    run = None if result.witness is None or told is None else _run(result.witness, told, graphs)
    names = dict.fromkeys((result.workflow or "", *(told.workflows if told else ())))
    hands = {name: hand for name in names if (hand := graphs.of(name)) is not None}
    return {"run": run, "dag": _scenery(result, hands, told) if hands else None}


def _told(witness: Witness, graphs: Graphs) -> Told:
    if graphs.program is None:
        from wfcheck.checker.replay.timeline import Recorder

        recorder = Recorder((witness.index,))
        for index, event in enumerate(witness.events):
            recorder.see(index, event)
        return Told(recorder.done())
    return told_of(graphs.program, witness.events, (witness.index,))


def _run(witness: Witness, told: Told, graphs: Graphs) -> dict[str, Any]:
    return {
        "index": witness.index,
        "events": told.timeline.events,
        "moments": [moment_json(m, graphs.places(m.places)) for m in told.timeline.moments],
    }


def _scenery(result: Result, hands: Mapping[str, Stagehand], told: Told | None) -> dict[str, Any]:
    chains = _chains(result, hands, told)
    scenery: dict[str, list[Any]] = {"g": [], "seen": [], "way": [], "red": [], "redWay": []}
    for workflow, hand in hands.items():
        passed = hand.around(node for symbol, node in told.path if symbol == workflow) if told else []
        chain = chains[workflow]
        scenery["g"].append(hand.number)
        found = (("seen", hand.nodes(passed)), ("way", hand.ways.within(passed)),
                 ("red", hand.nodes(chain)), ("redWay", hand.ways.along(chain)))  # fmt: skip
        for key, numbers in found:
            scenery[key] += [[hand.number, number] for number in numbers]
    return scenery


def _chains(result: Result, hands: Mapping[str, Stagehand], told: Told | None) -> dict[str, list[str]]:
    """By workflow, the nodes of the way to the violation, and that of the event that breaks the rule."""
    chains: dict[str, dict[str, None]] = {workflow: {} for workflow in hands}
    for step in _path(result):
        for workflow, hand in hands.items():
            if (node := node_at(hand, step.span)) is not None:
                chains[workflow][node] = None
                break
    if told is not None and result.witness is not None:
        here = {m.index: m.places for m in told.timeline.moments}.get(result.witness.index, ())
        for workflow, node in here if len(here) == 1 else ():
            chains.setdefault(workflow, {})[node] = None
    return {workflow: list(chain) for workflow, chain in chains.items()}


def _coverage(coverage: Coverage) -> dict[str, Any]:
    dropped = [
        [d.kind, shown(d.text, 400), place(d.span), d.noticed and name(d.noticed)] for d in coverage.dropped
    ]
    stronger = [[name(s.rule), shown(s.text, 400), place(s.span)] for s in coverage.stronger]
    return {"dropped": dropped, "stronger": stronger, "left": coverage.left}
