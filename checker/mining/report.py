"""Automata and divergences as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from wfcheck.checker.mining.alignment import Move
from wfcheck.checker.mining.automaton import Automaton, Transition
from wfcheck.checker.mining.divergence import Divergence
from wfcheck.checker.mining.document import symbol_json
from wfcheck.checker.mining.symbols import Act, Symbol
from wfcheck.checker.report.escape import counted, visible
from wfcheck.checker.report.plain import plain
from wfcheck.checker.report.style import Style
from wfcheck.checker.report.text_events import describe, where

_LABEL = 60
_LISTED = 5
_KINDS = {"same": "green", "silent": "yellow", "detour": "yellow", "structural": "red"}
_MOVES = {"extra": "extra", "missing": "missing", "otherwise": "otherwise"}


def write_mined(automaton: Automaton, style: Style) -> str:
    """The automaton, state by state: what comes next, and in how many runs."""
    return "\n".join(_mined(automaton, style)) + "\n"


def _mined(automaton: Automaton, style: Style) -> Iterator[str]:
    for number, state in enumerate(automaton.states):
        ends = f", {state.ends} end here" if state.ends else ""
        yield f"{style.paint('bold', f'state {number}')}  {counted(state.runs, 'run')}{ends}"
        ways = list(automaton.ways[number].values())
        width = max((len(_label(way.symbol)) for way in ways), default=0)
        for way in ways:
            often = f", {way.times} times" if way.times > way.runs else ""
            yield f"    {_label(way.symbol):<{width}}  -> {way.target}  {counted(way.runs, 'run')}{often}"
    yield ""
    yield f"{counted(len(automaton.states), 'state')}, {counted(len(automaton.transitions), 'transition')}; {_runs(automaton)}"


def _runs(automaton: Automaton) -> str:
    c = automaton.counted
    words = f"{counted(c.passing, 'passing run')}, {c.accepted} accepted"
    if c.failing:
        words += f"; {counted(c.failing, 'failing run')}, {c.failing_accepted} accepted"
        words += f" ({c.inseparable} did what a passing run did)" if c.inseparable else ""
    return words


def _label(symbol: Symbol) -> str:
    return visible(str(symbol), limit=_LABEL)


def write_divergences(found: Sequence[Divergence], shown: str, style: Style, version: str) -> str:
    """The runs against the automaton; `shown` is `text` or `json`. With a quiet style, only what diverges."""
    if shown == "json":
        return _json(found, version)
    return "\n".join([line for one in found for line in _one(one, style)] + [_summary(found)]) + "\n"


def _one(found: Divergence, style: Style) -> Iterator[str]:
    if not found.diverges:
        if style.verbosity >= 0:
            yield f"{style.paint('green', 'same')}  {visible(found.word.name)}"
        return
    signs = f"  ({', '.join(found.signs)})" if found.signs else ""
    kind = style.paint(_KINDS[found.kind], found.kind)
    yield f"{kind}  {visible(found.word.name)}  score {found.score:.2f}{signs}"
    yield f"    {counted(found.agreed, 'act')} in common, then {_left(found.left, style)}"
    yield f"    expected: {_expected(found)}"
    if found.moves is None:
        yield "    too long to say what is extra and what is missing"
        return
    for word in _MOVES:
        listed = [_moved(move) for move in found.moves if move.kind == word]
        if listed:
            more = f", ... and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
            yield f"    {word}: {', '.join(listed[:_LISTED])}{more}"
    if found.rejoined is not None:
        yield f"    agrees again at {_event(found.rejoined, style)}"


def _left(act: Act | None, style: Style) -> str:
    return "the end" if act is None else _event(act, style)


def _event(act: Act, style: Style) -> str:
    place = where(act.event)
    return f"event {act.index}  {describe(act.event)}" + (f"  {style.paint('dim', place)}" if place else "")


def _expected(found: Divergence) -> str:
    ways = [f"{_label(way.symbol)} ({counted(way.runs, 'run')})" for way in found.expected[:_LISTED]]
    ways += [f"... {len(found.expected) - _LISTED} more"] if len(found.expected) > _LISTED else []
    ways += [f"the end ({counted(found.ends, 'run')})"] if found.ends else []
    return ", ".join(ways) or "nothing"


def _moved(move: Move) -> str:
    if move.act is None:
        return _label(move.expected) if move.expected is not None else "?"
    instead = f" instead of {_label(move.expected)}" if move.kind == "otherwise" and move.expected else ""
    return f"{_label(move.act.symbol)} (event {move.act.index}){instead}"


def _summary(found: Sequence[Divergence]) -> str:
    kinds = Counter(one.kind for one in found)
    listed = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    signs = Counter(sign for one in found for sign in one.signs)
    shown = "; " + ", ".join(f"{sign} {count}" for sign, count in sorted(signs.items())) if signs else ""
    return f"{counted(len(found), 'run')}, {sum(one.diverges for one in found)} diverge: {listed or 'none'}{shown}"


def _json(found: Sequence[Divergence], version: str) -> str:
    value = {
        "schema": "wfcheck.divergence/1", "version": version, "runs": [_one_json(one) for one in found],
        "summary": {"runs": len(found), "diverging": sum(one.diverges for one in found)},
    }  # fmt: skip
    return json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n"


def _one_json(found: Divergence) -> dict[str, Any]:
    return {
        "run": found.word.name, "kind": found.kind, "agreed": found.agreed, "left": _act_json(found.left),
        "expected": [_way_json(way) for way in found.expected], "ends": found.ends, "score": found.score,
        "moves": None if found.moves is None else [_move_json(move) for move in found.moves],
        "rejoined": _act_json(found.rejoined), "signs": list(found.signs),
    }  # fmt: skip


def _way_json(way: Transition) -> dict[str, Any]:
    return {"symbol": symbol_json(way.symbol), "runs": way.runs, "times": way.times}


def _move_json(move: Move) -> dict[str, Any]:
    expected = None if move.expected is None else symbol_json(move.expected)
    return {"kind": move.kind, "act": _act_json(move.act), "expected": expected}


def _act_json(act: Act | None) -> dict[str, Any] | None:
    if act is None:
        return None
    source = act.event.source
    place = None if source is None else {"file": source.file, "line": source.line, "pointer": source.pointer}
    return {"event": act.index, "symbol": symbol_json(act.symbol), "source": place}
