"""Automata of random runs: what they accept, what they refuse, and that they are told and read again without loss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.checker.mining import drawing
from wfcheck.checker.mining.automaton import Automaton
from wfcheck.checker.mining.document import read_automaton, write_automaton
from wfcheck.checker.mining.learning import learn
from wfcheck.checker.mining.symbols import Abstraction, Symbol, Word, words_of
from wfcheck.checker.traces.event import Event
from wfcheck.checker.traces.trace import Trace
from wfcheck.dsl.diagnostic import WfError


def trace(name: str, steps: list[str]) -> Trace:
    """`get` returns, `get!` fails, `get?` never answers, `get-` is denied; `get=1` has the argument x."""
    events: list[Event] = []
    for step in steps:
        tool, _, value = step.rstrip("!?-").partition("=")
        call = f"c{len(events)}"
        given = {"x": value} if value else {}
        kind = "deny" if step.endswith("-") else "call"
        events.append(Event(kind=kind, seq=len(events), tool=tool, call=call, args_requested=given))  # type: ignore[arg-type]
        if step.endswith("!"):
            events.append(Event(kind="fail", seq=len(events), tool=tool, call=call, error="no"))
        elif kind == "call" and not step.endswith("?"):
            events.append(Event(kind="result", seq=len(events), tool=tool, call=call, result="ok"))
    return Trace(name, "f", 1, "test", tuple(events))


def words(runs: list[list[str]], abstraction: Abstraction | None = None) -> list[Word]:
    chosen = abstraction or Abstraction()
    return [word for n, run in enumerate(runs) for word in words_of(trace(f"t{n}", run), chosen)]


RUNS = st.lists(st.lists(st.sampled_from(["a", "b", "c", "a!", "b=1"]), max_size=7), min_size=1, max_size=8)
TAILS = st.integers(min_value=0, max_value=3)


def told(symbols: tuple[Symbol, ...]) -> list[str]:
    return [str(symbol) for symbol in symbols]


def test_symbols_tell_outcomes_and_chosen_arguments() -> None:
    run = ["get=one two", "get=three!", "pay?", "pay-", "think"]
    abstraction = Abstraction(by=(("get", "x"), ("get", "y")), without=("think",))
    assert told(words([run], abstraction)[0].symbols) == [
        "get[x: one, y: nothing]",
        "get[x: three, y: nothing] failed",
        "pay unanswered",
        "pay denied",
    ]


@settings(deadline=None)
@given(RUNS, RUNS, TAILS)
def test_passing_runs_are_accepted_and_failing_ones_are_not(
    passing: list[list[str]], failing: list[list[str]], tail: int
) -> None:
    good, bad = words(passing), words(failing)
    made = learn(good, bad, tail=tail)
    assert all(made.accepts(word.symbols) for word in good)
    known = {word.symbols for word in good}
    assert [w.name for w in bad if made.accepts(w.symbols)] == [w.name for w in bad if w.symbols in known]
    counted = made.counted
    assert counted.accepted == counted.passing == len(good)
    assert counted.failing_accepted == counted.inseparable


@settings(deadline=None)
@given(RUNS, RUNS, TAILS)
def test_supports_count_runs(passing: list[list[str]], failing: list[list[str]], tail: int) -> None:
    good = words(passing)
    made = learn(good, words(failing), tail=tail)
    assert made.states[0].runs == len(good)
    assert sum(state.ends for state in made.states) == len(good)
    assert sum(way.times for way in made.transitions) == sum(len(word.acts) for word in good)
    assert all(1 <= way.runs <= way.times for way in made.transitions)


@settings(deadline=None)
@given(RUNS, TAILS, st.integers(min_value=2, max_value=4))
def test_rare_ways_are_left_out(passing: list[list[str]], tail: int, support: int) -> None:
    good = words(passing)
    made = learn(good, tail=tail, support=support)
    assert all(way.runs >= support for way in made.transitions)
    assert made.counted.accepted == sum(made.accepts(word.symbols) for word in good)


@settings(deadline=None)
@given(RUNS, TAILS)
def test_the_order_of_runs_does_not_matter(passing: list[list[str]], tail: int) -> None:
    there, back = learn(words(passing), tail=tail), learn(words(passing[::-1]), tail=tail)
    assert there == back


def test_loops_are_found_and_an_empty_run_is_a_run() -> None:
    made = learn(words([["a", "b"], ["a", "a", "b"], ["a", "a", "a", "b"]]), tail=1)
    assert made.accepts(words([["a"] * 9 + ["b"]])[0].symbols)
    assert not made.accepts(words([["b", "a"]])[0].symbols)
    assert learn(words([[]])).accepts(())


@settings(deadline=None)
@given(RUNS, TAILS)
def test_json_and_back(tmp_path_factory: pytest.TempPathFactory, passing: list[list[str]], tail: int) -> None:
    made = learn(words(passing), abstraction=Abstraction("dialogue", (("a", "x"),), ("z",)), tail=tail)
    file = tmp_path_factory.getbasetemp() / "automaton.json"
    file.write_text(write_automaton(made, "1"))
    assert read_automaton(str(file)) == made


def changed(document: str, path: str, value: object) -> str:
    top = json.loads(document)
    at = top
    *parts, last = path.split("/")
    for part in parts:
        at = at[int(part)] if isinstance(at, list) else at[part]
    at[last] = value
    return json.dumps(top)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("transitions/0/to", 99),
        ("transitions/0/from", -1),
        ("states", []),
        ("schema", "x/1"),
        ("transitions", 3),
    ],
)
def test_what_is_no_automaton_is_refused(tmp_path: Path, path: str, value: object) -> None:
    file = tmp_path / "automaton.json"
    file.write_text(changed(write_automaton(learn(words([["a", "b"]])), "1"), path, value))
    with pytest.raises(WfError) as caught:
        read_automaton(str(file))
    assert [d.code for d in caught.value.diagnostics] == ["WF717"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_bytes_that_are_no_automaton(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "automaton.json"
    file.write_bytes(data)
    with pytest.raises(WfError):
        read_automaton(str(file))
    with pytest.raises(WfError):
        read_automaton(str(tmp_path / "absent"))


def test_pictures_keep_hostile_names_inert() -> None:
    made: Automaton = learn(words([['x"]; evil -> "\n|</script>', "\x1b[31m"]]))
    drawn = drawing.dot(made)
    assert "\x1b" not in drawn
    assert "\n|" not in drawn
    assert 'x\\"]; evil' in drawn
    chart = drawing.mermaid(made)
    assert "<" not in chart
    assert len(chart.splitlines()) == 1 + len(made.states) + len(made.transitions)
