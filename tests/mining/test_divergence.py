"""Runs against automata: where they leave, the cheapest account of the rest, and what it looks like."""

from __future__ import annotations

import importlib.util
import itertools
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wfcheck.checker.mining.alignment import align, shortest
from wfcheck.checker.mining.divergence import Divergence, diverge
from wfcheck.checker.mining.learning import learn
from wfcheck.checker.mining.symbols import Symbol
from wfcheck.cli.main import main


def _shared() -> ModuleType:
    place = Path(__file__).with_name("test_learning.py")
    spec = importlib.util.spec_from_file_location("mining_words", place)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules.setdefault("mining_words", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


words = _shared().words
STEP = st.sampled_from(["a", "b", "c"])
RUNS = st.lists(st.lists(STEP, max_size=4), min_size=1, max_size=4)


def against(passing: list[list[str]], run: list[str], tail: int = 2) -> Divergence:
    return diverge(learn(words(passing), tail=tail), words([run])[0])


@settings(deadline=None)
@given(RUNS, st.lists(STEP, max_size=5))
def test_same_is_accepted(passing: list[list[str]], run: list[str]) -> None:
    made, word = learn(words(passing)), words([run])[0]
    found = diverge(made, word)
    assert found.diverges != made.accepts(word.symbols)
    assert 0 <= found.score <= 1
    assert (found.score > 0) == found.diverges


def distance(one: tuple[Symbol, ...], other: tuple[Symbol, ...]) -> int:
    """Insertions and deletions that make one word from the other."""
    row = list(range(len(other) + 1))
    for i, x in enumerate(one):
        old, row = row, [i + 1]
        for j, y in enumerate(other):
            row.append(old[j] if x == y else 1 + min(old[j + 1], row[j]))
    return row[-1]


@settings(deadline=None)
@given(st.lists(st.lists(STEP, max_size=3), min_size=1, max_size=3), st.lists(STEP, max_size=4))
def test_the_account_is_the_cheapest(passing: list[list[str]], run: list[str]) -> None:
    made, word = learn(words(passing)), words([run])[0]
    moves = align(made, 0, word.acts)
    assert moves is not None
    letters = {s for w in words(passing) for s in w.symbols}
    language = [w for n in range(8) for w in itertools.product(sorted(letters), repeat=n) if made.accepts(w)]
    least = min(distance(word.symbols, accepted) for accepted in language)
    assert sum(move.kind != "same" for move in moves) == least
    assert tuple(m.act for m in moves if m.act is not None) == word.acts
    assert made.accepts(tuple(m.expected for m in moves if m.expected is not None))
    assert shortest(made, 0) == min(len(w) for w in language)


PASSING = [["look", "edit=1", "test", "hand"], ["look", "look", "edit=1", "test", "hand"]]


@pytest.mark.parametrize(
    ("run", "kind", "agreed", "signs"),
    [
        (["look", "edit=1", "test", "hand"], "same", 4, ()),
        (["look", "edit=1", "hand"], "detour", 2, ("unverified-finish",)),
        (["look", "edit=1", "test"], "structural", 3, ("unverified-finish",)),
        (["look", "edit=1", "test", "test", "hand"], "detour", 3, ("blind-retry",)),
        (["look", "edit=1", "test!", "hand"], "silent", 2, ()),
        (["look", "edit=1", "test", "edit=1", "hand"], "detour", 3, ("regression",)),
        (["edit=1", "look", "test", "hand"], "detour", 0, ("disorder",)),
        (["look", "edit=1", "test", "hand", "boast"], "structural", 4, ()),
    ],
)
def test_kinds_and_signs(run: list[str], kind: str, agreed: int, signs: tuple[str, ...]) -> None:
    found = against(PASSING, run)
    assert (found.kind, found.agreed, found.signs) == (kind, agreed, signs)
    assert (found.rejoined is not None) == (kind == "detour")


def test_another_outcome_is_silent() -> None:
    found = against([["get", "pay"]], ["get", "pay!"])
    assert found.kind == "silent"
    assert [move.kind for move in found.moves or ()] == ["otherwise"]


def test_what_was_expected_and_how_often() -> None:
    found = against([["a", "b"], ["a", "b"], ["a", "c"], ["a"]], ["a", "d"])
    assert [(str(way.symbol), way.runs) for way in found.expected] == [("b", 2), ("c", 1)]
    assert found.ends == 1
    assert found.left is not None
    assert (found.left.event.tool, found.left.index) == ("d", 2)


def write(file: Path, runs: list[list[str]]) -> str:
    def call(n: int, tool: str) -> list[dict[str, object]]:
        asked = {"id": f"c{n}", "function": {"name": tool, "arguments": {}}}
        told = {"role": "tool", "tool_call_id": f"c{n}", "content": "ok"}
        return [{"role": "assistant", "content": None, "tool_calls": [asked]}, told]

    lines = [json.dumps({"messages": [m for n, t in enumerate(run) for m in call(n, t)]}) for run in runs]
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def test_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    passing = write(tmp_path / "passing.jsonl", [["a", "b"], ["a", "a", "b"]])
    failing = write(tmp_path / "failing.jsonl", [["b", "a"]])
    automaton = str(tmp_path / "automaton.json")
    assert main(["mine", passing, "--failing", failing, "--output-format", "json", "-o", automaton]) == 0
    assert main(["divergence", automaton, passing]) == 0
    capsys.readouterr()
    assert main(["divergence", automaton, passing, failing, "--output-format", "json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["summary"] == {"runs": 3, "diverging": 1}
    assert [run["kind"] for run in shown["runs"]] == ["same", "same", "structural"]
    assert main(["divergence", automaton, f"{passing}#2"]) == 0
    assert main(["mine", str(tmp_path / "absent")]) == 2
    assert main(["divergence", passing, passing]) == 2


def test_a_spec_tells_passing_runs_from_failing_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.wf"
    spec.write_text("tool a()\ntool b()\npolicy p { order: require a before b }\n")
    runs = write(tmp_path / "runs.jsonl", [["a", "b"], ["b", "a"], ["a"]])
    assert main(["mine", runs, "--judge", str(spec)]) == 0
    assert "2 passing runs, 2 accepted; 1 failing run, 0 accepted" in capsys.readouterr().out


def test_a_cause_becomes_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, report = tmp_path / "spec.wf", tmp_path / "report.json"
    spec.write_text(
        "tool a()\ntool b()\ntool c()\npolicy p { once: limit count(b) <= 1 per run  never: forbid c }\n"
    )
    runs = write(tmp_path / "runs.jsonl", [["a", "b"]] * 3 + [["b", "b"], ["c"], ["a", "c"]])
    assert main(["replay", str(spec), runs, "--output-format", "json", "--output", str(report)]) == 1
    causes = {c["rule"]: c["signature"] for c in json.loads(report.read_text())["causes"]}
    mine = ["mine", runs, "--judge", str(spec), "--output-format", "wf", "--cause"]
    assert main([*mine, causes["p.once"]]) == 0
    out = capsys.readouterr().out
    assert "require a before b" in out
    assert "broken by 1 of 1 failing run." in out
    assert "count(a)" not in out
    assert main([*mine, "0" * 12]) == 2


def test_hostile_names_are_shown_inert(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    passing = write(tmp_path / "passing.jsonl", [["\x1b[31mred\u202e", "b"]])
    automaton = str(tmp_path / "automaton.json")
    assert main(["mine", passing, "--output-format", "json", "-o", automaton]) == 0
    assert main(["mine", passing]) == 0
    assert main(["divergence", automaton, write(tmp_path / "run.jsonl", [["\x1b[2J"]])]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
