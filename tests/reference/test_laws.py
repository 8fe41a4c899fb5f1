"""What sugar stands for: two texts that mean the same make the same events, labels included, on the same answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random

import attrs
import pytest
from generators.oracles import RandomOracle, value_of

from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.reference.oracle import Admissible, Failed, Outcome, Returned
from wfcheck.checker.reference.rules import breaks
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core
from wfcheck.dsl.core import NodeId, Value
from wfcheck.dsl.elaboration.elaborate import load
from wfcheck.dsl.types import Type

HEAD = """
secrecy pii
influence email
group readers = { get_flag, get_kind }
type Kind = enum { a, b, c }
principal boss is human { trusts {email} }
store notes: list<text> holds {}
tool get_flag() -> bool { effect read emits nothing returns {pii} }
tool get_kind() -> Kind { effect read emits nothing returns {email} }
tool get_text(n: int) -> text { effect read emits nothing returns {email} }
tool get_names() -> list<text> { effect read emits nothing returns {} }
tool find() -> text? { effect read emits nothing returns {pii} }
tool post(to: text, body: text) -> bool { effect irreversible emits out returns {} }
channel out
define shout(x) = upper(x) + "!"
"""
SEEDS = range(12)


@attrs.frozen
class ByName(RandomOracle):
    """Answers by what is asked, not by where."""

    def tool(
        self,
        _site: NodeId,
        _instance: int,
        tool: core.Tool,
        arguments: Mapping[str, Value],
        _admissible: Admissible,
    ) -> Outcome:
        """By tool and arguments."""
        random = Random(f"{self.seed}|{tool.symbol}|{arguments}")
        return Failed() if random.random() < 0.1 else Returned(value_of(random, tool.result))

    def llm(self, _site: NodeId, _instance: int, type_: Type, _admissible: Admissible) -> Value:
        """By type."""
        return value_of(Random(f"{self.seed}|{type_}"), type_)

    def approve(self, _site: NodeId, _instance: int) -> bool:
        """The same everywhere."""
        return Random(self.seed).random() < 0.6


def program(tmp_path: Path, text: str) -> core.Program:
    """An elaborated text after the common head; warnings are no matter."""
    file = tmp_path / "law.wf"
    file.write_text(HEAD + text, encoding="utf-8")
    made, diagnostics = load([file], library=lambda _: None)
    assert [d for d in diagnostics if d.severity.value == "error"] == []
    return made


def seen(program: core.Program, seed: int) -> list[object]:
    """What a run shows, without places and names of steps."""
    done = run(program, program.workflows["w"], ByName(seed, program))
    return [done.outcome, *(_shown(event) for event in done.events)]


def _shown(event: Event) -> tuple[object, ...]:
    return (
        event.kind,
        event.tool,
        event.actor,
        event.args_executed,
        event.result,
        event.text,
        event.labels,
        event.argument_labels,
    )


PAIRS = {
    "match is a chain of ifs": (
        """k = get_kind()
        match k { case a { post("x", "a") } case b { stop } case c { say "c" } }
        post("x", "end")""",
        """k = get_kind()
        if k == "a" { post("x", "a") } else { if k == "b" { stop } else { say "c" } }
        post("x", "end")""",
    ),
    "else if nests": (
        """f = get_flag() k = get_kind()
        if f { say "1" } else if k == "a" { post("x", "2") } else { say "3" }""",
        """f = get_flag() k = get_kind()
        if f { say "1" } else { if k == "a" { post("x", "2") } else { say "3" } }""",
    ),
    "arguments by place are arguments by name": (
        """t = get_text(1) post(t, "b")""",
        """t = get_text(n: 1) post(body: "b", to: t)""",
    ),
    "a nested call is hoisted": (
        """post(get_text(1), get_text(2))""",
        """a = get_text(1) b = get_text(2) post(a, b)""",
    ),
    "a definition is its text": (
        """t = get_text(1) post("x", shout(t))""",
        """t = get_text(1) post("x", upper(t) + "!")""",
    ),
    "an approval without else has an else that stops": (
        """t = get_text(1) approve post("x", t) by boss  post("x", t)""",
        """t = get_text(1) approve post("x", t) by boss else { stop }  post("x", t)""",
    ),
    "one attempt without a handler is none": (
        """f = get_flag() retry 1 { t = get_text(1) post("x", t) } say "s" """,
        """f = get_flag() t = get_text(1) post("x", t) say "s" """,
    ),
    "a workflow is its body": (
        """t = get_text(1) r = helper(t) post("x", r)""",
        """t = get_text(1) r = t if t == "go" { r = "early" } post("x", r)""",
    ),
    "an option is matched by comparing with none": (
        """o = find() match o { case none { post("x", "none") } case _ { post("x", "some") } }""",
        """o = find() if o == none { post("x", "none") } else { post("x", "some") }""",
    ),
}
HELPER = """
workflow helper(t: text from {email}) -> text { if t == "go" { return "early" } return t }
"""


@pytest.mark.parametrize("name", PAIRS)
def test_sugar_means_its_core(name: str, tmp_path: Path) -> None:
    one, other = (program(tmp_path, f"{HELPER} workflow w() {{ {body} }}") for body in PAIRS[name])
    outcomes = set()
    for seed in SEEDS:
        first, second = seen(one, seed), seen(other, seed)
        if name == "an approval without else has an else that stops":
            assert _unrefused(first) == _unrefused(second)
        else:
            assert first == second
        outcomes.add(str(first))
    assert len(outcomes) > 1


def _unrefused(shown: list[object]) -> list[object]:
    """Without the reason of the end."""
    return [part for part in shown if not (isinstance(part, tuple) and part[0] == "end")]


def test_a_loop_over_a_list_is_a_loop_over_its_indices(tmp_path: Path) -> None:
    walk = program(tmp_path, """workflow w() { xs = get_names() for x in xs { post("a", x) } }""")
    count = program(
        tmp_path,
        """workflow w() { xs = get_names() i = 0 repeat while i < length(xs) { post("a", xs[i]) i = i + 1 } }""",
    )
    for seed in SEEDS:
        assert seen(walk, seed) == seen(count, seed)


RULES = {
    "a group is its members": ("forbid post after readers", "forbid post after {get_flag, get_kind}"),
    "an effect is its tools": ("forbid call(effect: irreversible)", "forbid post"),
    "an emission is its tools": ("forbid emit(out) after get_flag", "forbid post after get_flag"),
    "a pattern is a condition": (
        'forbid post(to: "x")',
        'forbid post when to == "x"',
    ),
    "a choice of patterns is a condition": (
        'forbid {post(to: "x"), post(to: "y")}',
        'forbid post when to == "x" or to == "y"',
    ),
    "never twice is at most once": ("limit count(post) <= 1 per run", "limit consecutive(post) <= 1 per run"),
}
BODY = """
f = get_flag() k = get_kind()
if f { post("x", "1") } else if k == "a" { post("y", "2") }
post("z", "3")
"""


@pytest.mark.parametrize("name", list(RULES)[:-1])
def test_rules_that_mean_the_same_break_at_the_same_events(name: str, tmp_path: Path) -> None:
    one, other = RULES[name]
    made = program(tmp_path, f"policy p {{ a: {one} b: {other} }} workflow w() {{ {BODY} }}")
    broken = set()
    for seed in range(30):
        done = run(made, made.workflows["w"], ByName(seed, made))
        first, second = (breaks(made, rule, done.events) for rule in made.rules)
        assert first == second
        broken.add(first.broken)
    assert len(broken) > 1


def test_any_other_call_ends_a_streak(tmp_path: Path) -> None:
    one, other = RULES["never twice is at most once"]
    text = """workflow w() { post("x", "1") n = get_names() post("x", "2") post("x", "3") }"""
    made = program(tmp_path, f"policy p {{ a: {one} b: {other} }} {text}")
    done = run(made, made.workflows["w"], ByName(1, made))
    posts = [e.seq for e in done.events if e.kind == "call" and e.tool == "post"]
    count, streak = (breaks(made, rule, done.events).broken for rule in made.rules)
    assert count == tuple(posts[1:])
    assert streak == tuple(posts[2:])
