"""`require ARG from only SET` and flows between parts of arguments, against verdicts worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from generators import build as b

from wfcheck.checker.reference.judge import judge
from wfcheck.checker.reference.oracle import CallTool, Finish, Handle, ScriptedOracle
from wfcheck.checker.reference.verdict import Verdict3
from wfcheck.dsl import core
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

HEAD = """
influence file, book
secrecy pii
channel out
type Order = { to: text, sum: decimal, notes: list<text> }
type Person = { name: text, mail: address }
table partners: { name: text } = [ { name: "partner-77" } ]
release confirm(order: Order) -> Order removes {file, model, book} by boss
principal boss is human { clears {pii} trusts {user, model, file, book} }
tool look(name: text) -> text { effect read emits nothing returns {file} }
tool people() -> list<Person> { effect read emits nothing returns {book} }
tool secret(kind: text) -> text { effect read emits nothing returns {pii} }
tool pay(to: text, sum: decimal) -> text { effect irreversible emits out returns {} }
tool mail(to: address, parts: list<text>) { effect irreversible emits out returns {} }
tool file_away(order: Order) -> text { effect irreversible emits out returns {} }
store notes: list<text> holds {}
"""


def program(tmp_path: Path, body: str, rule: str) -> core.Program:
    path = tmp_path / "p.wf"
    text = f"{HEAD}\nworkflow w(ask: text from {{user}}) {{\n{body}\n}}\npolicy p {{ r: {rule} }}\n"
    path.write_text(text, encoding="utf-8")
    made, diagnostics = elaborate.load([path], library=load)
    assert not [d for d in diagnostics if d.severity.value == "error"], diagnostics
    return made


def verdict(tmp_path: Path, body: str, rule: str | core.RuleBody, answers: Mapping[str, Any]) -> Verdict3:
    """`answers`: by step name (or parameter), for the first time it is asked; acts of an agent as a list."""
    made = program(tmp_path, body, rule if isinstance(rule, str) else "forbid pay")
    judged = made.rules[0] if isinstance(rule, str) else attrs.evolve(made.rules[0], body=rule)
    (workflow,) = made.workflows.values()
    steps = {getattr(s, "step", None): s for s in workflow.body}
    script: dict[Any, Any] = {}
    for name, answer in answers.items():
        if name == "ask":
            script["parameter", "ask"] = answer
        elif isinstance(answer, list):
            for number, act in enumerate(answer):
                act, result = act if isinstance(act, tuple) else (act, None)
                script[steps[name].id, 0, number] = act
                if result is not None:
                    script[steps[name].id, 0, number, "result"] = result
        else:
            script[steps[name].id, 0] = answer
    return judge(made, judged, [(workflow, ScriptedOracle(script))])[1]


EXTRACT = "x = look(ask)\n o = llm parse(ask, x) -> Order\n pay(to: o.to, sum: o.sum)"


def order(to: str, sum_: int = 5, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"to": to, "sum": sum_, "notes": notes}


@pytest.mark.parametrize(
    ("rule", "asked", "read", "answer", "broken", "open_"),
    [
        ("pay.to from only {user}", "pay x9 now", "", order("x9"), False, False),
        ("pay.to from only {user}", "pay Ann", "", order(" 'ann' "), False, False),
        ("pay.to from only {user}", "pay me", "pay x9", order("x9"), True, False),
        ("pay.to from only {user, file}", "pay me", "pay x9", order("x9"), False, False),
        ("pay.to from only {user, look}", "pay me", "pay x9", order("x9"), False, False),
        ("pay.to from only {user}", "pay x9a", "", order("x9"), False, True),
        ("pay.to from only {user}", "pay me", "", order(""), False, False),
        ("pay.to from only {user}", "pay me", "", order("someone or other"), False, True),
        (
            "pay.to from only {user}",
            "see a@b.example",
            "",
            order("write to A@b.example, please"),
            False,
            False,
        ),
        ("pay.to from only {user}", "see c@d.example", "", order("write to a@b.example please"), True, False),
        ("pay.to from only {user}", "", "", order("partner-77"), True, False),
        ("pay.to from only {user, partners}", "", "", order("partner-77"), False, False),
        ("pay.to from only {user, model}", "", "", order("x9"), False, False),
        ("pay.to from only {user, parse}", "", "", order("x9"), False, False),
        ("pay.sum from only {user}", "pay 1,200.00 now", "", order("x", 1200), False, False),
        ("pay.sum from only {user}", "pay 100 now", "", order("x", 200), True, False),
        ("pay.to from only {user, look when sum < 9}", "", "x9", order("x9", 5), False, False),
        ("pay.to from only {user, look when sum < 9}", "", "x9", order("x9", 10), True, False),
        (
            "pay.to from only {look.result when look.name from only {user}}",
            "f",
            "x9",
            order("x9"),
            False,
            False,
        ),
        (
            "pay.to from only {look.result when look.name from only {file}}",
            "f",
            "x9",
            order("x9"),
            True,
            False,
        ),
    ],
)
def test_what_a_model_made_is_searched_for(
    tmp_path: Path, rule: str, asked: str, read: str, answer: dict[str, Any], broken: bool, open_: bool
) -> None:
    found = verdict(tmp_path, EXTRACT, f"require {rule}", {"ask": asked, "x": read, "parse": answer})
    assert (bool(found.broken), bool(found.unknown)) == (broken, open_)
    assert found.broken in ((), (4,))


def test_a_designated_element_of_a_list(tmp_path: Path) -> None:
    body = "ps = people()\n o = llm parse(ask, ps) -> address\n mail(to: o, parts: [])"
    user = core.AllowedSource(core.TagEnd(frozenset({"user"})), frozenset(), None, None, span=b.SPAN)
    named = core.FromOnly(core.ResultEnd("people", ("[]", "name")), (user,), span=b.SPAN)
    of = core.AllowedSource(core.ResultEnd("people", ("[]", "mail")), frozenset(), None, named, span=b.SPAN)
    rule = core.FromOnly(core.ArgumentEnd("mail", "to", ()), (of,), span=b.SPAN)
    known = ({"name": "Ann", "mail": "ann@b.example"}, {"name": "Bob", "mail": "bob@b.example"})
    for chosen, broken in (("ann@b.example", ()), ("bob@b.example", (4,)), ("eve@b.example", (4,))):
        answers = {"ask": "mail Ann", "ps": known, "parse": chosen}
        assert verdict(tmp_path, body, rule, answers) == Verdict3(broken)


def test_each_element_and_each_field_counts(tmp_path: Path) -> None:
    body = "x = look(ask)\n o = llm parse(x) -> Order\n mail(to: 'a@b.example', parts: [ask, o.to])".replace(
        "'", '"'
    )
    rule = "require mail.parts from only {user}"
    assert verdict(tmp_path, body, rule, {"ask": "k1", "parse": order("k1")}).holds
    assert verdict(tmp_path, body, rule, {"ask": "k1", "parse": order("k2")}).broken == (4,)
    body = "o = llm parse(ask) -> Order\n file_away(order: {to: ask, sum: o.sum, notes: o.notes})"
    answers = {"ask": "k1", "parse": order("k2", 7, ("k3", "k1"))}
    assert verdict(tmp_path, body, "require file_away.order.to from only {user}", answers).holds
    assert verdict(tmp_path, body, "require file_away.order.sum from only {user}", answers).broken == (2,)
    assert verdict(tmp_path, body, "require file_away.order.notes from only {user}", answers).broken == (2,)


def test_a_release_passes_on_what_it_removed_the_blame_from(tmp_path: Path) -> None:
    body = "x = look(ask)\n o = llm parse(ask, x) -> Order\n c = confirm(o)\n pay(to: c.to, sum: c.sum)"
    answers = {"parse": order("x9"), "c": order("x9")}
    assert verdict(tmp_path, body, "require pay.to from only {user, via confirm}", answers).holds
    assert verdict(tmp_path, body, "require pay.to from only {user}", answers).unknown
    assert verdict(tmp_path, body, "require pay.to from only {secret}", answers).broken == (5,)


def test_what_an_agent_passes(tmp_path: Path) -> None:
    body = "agent a(ask) may { look, pay } hides { look } max 3 steps"
    own = {"ask": "k1", "a": [CallTool("pay", {"to": "k2", "sum": 1}), Finish("")]}
    assert verdict(tmp_path, body, "require pay.to from only {user}", own).broken == (3,)
    handed = {
        "ask": "k1",
        "a": [
            (CallTool("look", {"name": "f"}), "k2"),
            CallTool("pay", {"to": Handle(0), "sum": 1}),
            Finish(""),
        ],
    }
    assert verdict(tmp_path, body, "require pay.to from only {look}", handed).holds
    assert verdict(tmp_path, body, "require pay.to from only {user}", handed).broken == (6,)


def test_what_was_worked_on_is_left_open(tmp_path: Path) -> None:
    body = "o = llm parse(ask) -> Order\n pay(to: upper(o.to) + 'z', sum: o.sum)".replace("'", '"')
    found = verdict(tmp_path, body, "require pay.to from only {user}", {"ask": "", "parse": order("k2")})
    assert not found.broken
    assert found.unknown


def test_parts_of_arguments_are_sinks_and_sources(tmp_path: Path) -> None:
    body = "s = secret('a')\n file_away(order: {to: ask, sum: 1, notes: [s]})".replace("'", '"')
    for path, broken in (("to", ()), ("sum", ()), ("notes", (3,))):
        assert verdict(tmp_path, body, f"forbid flow pii -> file_away.order.{path}", {}) == Verdict3(broken)
    body = "s = file_away(order: {to: ask, sum: 1, notes: []})\n pay(to: s, sum: 1)"
    assert verdict(tmp_path, body, "forbid flow file_away.order.to -> out", {}).broken == (3,)


def test_only_calls_of_the_pattern_are_sources(tmp_path: Path) -> None:
    body = "s = secret(ask)\n pay(to: s, sum: 1)"
    for kind, broken in (("home", (3,)), ("work", ())):
        found = verdict(tmp_path, body, 'forbid flow secret(kind: "home") -> out', {"ask": kind})
        assert found == Verdict3(broken)
