"""Contracts that a run breaks, one by one."""

from __future__ import annotations

from typing import Any

import attrs
from generators import build as b

from wfcheck.checker.reference.interpreter import run
from wfcheck.checker.reference.oracle import CallTool, Finish, ScriptedOracle
from wfcheck.dsl import core, types

LARGE = core.Condition("pay.requires1", b.op("<=", b.arg("amount"), 5), span=b.SPAN)
PAID = core.Condition("pay.paid", b.op("==", b.var("result", "result"), b.arg("amount")), span=b.SPAN)
SMALL = types.RefinedType("Small", b.INT, b.op("<", b.var("it", "it"), 3))
TOOLS = (
    b.tool("secret", {}, b.TEXT, returns={"pii"}),
    b.tool("mail", {}, b.TEXT, returns={"email"}),
    b.tool("pay", {"amount": b.INT}, b.INT, requires=(LARGE,), ensures=(PAID,)),
    b.tool("tiny", {"n": SMALL}, b.INT),
    b.tool("strict", {"x": b.TEXT}, b.TEXT, accepts=(("x", frozenset({"email"})),)),
    b.tool("post", {"x": b.TEXT}, b.TEXT, emits="clean"),
)
PRINCIPALS = (b.principal("boss", clears=set(), trusts=set()), b.principal("bot", "agent", clears=set()))
RELEASES = (
    b.release("reveal", {"pii"}, "boss"),
    b.release("endorse", {"email"}, "boss"),
    b.release("small", {"pii"}, condition=b.op("==", b.arg("x"), "ok")),
)


def breaches(
    *body: core.Statement, script: dict[Any, Any] | None = None, **more: Any
) -> list[tuple[str, str, int]]:
    """Rule, name and index of what the run broke."""
    workflow = attrs.evolve(b.workflow("w", list(body), (b.param("p", sources={"user"}),)), **more)
    program = b.program(
        tools=TOOLS,
        principals=PRINCIPALS,
        releases=RELEASES,
        channels=(b.channel("clean", set()),),
        workflows=(workflow,),
    )
    done = run(program, workflow, ScriptedOracle(script or {}))
    return [(each.rule, each.name, each.index) for each in done.breaches]


def test_requires_ensures_and_refinements() -> None:
    m = b.Maker()
    assert breaches(m.call("pay", amount=5)) == []
    assert breaches(m.call("pay", amount=6), script={("n2", 0): 6}) == [
        ("builtin.requires", "pay.requires1", 1)
    ]
    assert breaches(m.call("pay", amount=5), script={("n3", 0): 4}) == [("assumption", "pay.paid", 2)]
    assert breaches(m.call("tiny", n=2)) == []
    assert breaches(m.call("tiny", n=3)) == [("builtin.requires", "tiny.n", 1)]


def test_accepts_and_clearance_look_at_labels_not_at_residues() -> None:
    m = b.Maker()
    assert breaches(m.call("mail", "t"), m.call("strict", x="$t")) == []
    assert breaches(m.call("secret", "t"), m.call("strict", x="$t")) == [("builtin.accepts", "strict.x", 3)]
    assert breaches(m.call("secret", "t"), m.call("post", x="$t")) == [("builtin.clearance", "clean", 3)]
    m = b.Maker()
    assert (
        breaches(m.call("secret", "t"), m.release("small", "v", x="ok"), m.call("post", x=b.op("text", "$v")))
        == []
    )


def test_releases_are_robust_transparent_and_guarded() -> None:
    m = b.Maker()
    assert breaches(m.call("mail", "t"), m.release("reveal", "v", x="$t")) == [
        ("builtin.robust", "reveal", 3)
    ]
    assert breaches(m.call("secret", "t"), m.release("reveal", "v", x="$t")) == []
    m = b.Maker()
    assert breaches(m.call("secret", "t"), m.release("endorse", "v", x="$t")) == [
        ("builtin.transparent", "endorse", 3)
    ]
    assert breaches(m.call("secret", "t"), m.release("small", "v", x="$t")) == [
        ("builtin.requires", "small", 3)
    ]


def test_sight_of_approvals_messages_and_contexts() -> None:
    m = b.Maker()
    assert breaches(m.call("secret", "t"), m.approve("boss", None, "$t")) == [("builtin.sight", "boss", 3)]
    assert breaches(m.call("secret", "t"), m.send("boss", "$t")) == [("builtin.sight", "boss", 3)]
    assert breaches(m.call("mail", "t"), m.send("boss", "$t")) == []
    m = b.Maker()
    acts = {("n1", 0, 0): CallTool("secret", {}), ("n1", 0, 1): Finish("")}
    seen = breaches(m.agent("a", ["secret"], principal="bot"), script=acts)
    assert [(rule, name) for rule, name, _ in seen] == [("builtin.sight", "bot")]
    m = b.Maker()
    hidden = breaches(m.agent("a", ["secret"], principal="bot", hides={"secret"}), script=acts)
    assert hidden == []


def test_an_expression_without_a_value_ends_the_run_and_is_reported_once() -> None:
    m = b.Maker()
    body = [m.if_(True, [m.let("x", b.op("/", 1, 0))])]
    assert breaches(*body) == [("builtin.defined", "division by zero", 1)]


def test_contracts_of_workflows() -> None:
    m = b.Maker()
    positive = core.Condition("w.requires1", b.op("!=", b.arg("p"), ""), span=b.SPAN)
    returned = core.Condition("w.ensures1", b.op("==", b.var("result", "result"), 1), span=b.SPAN)
    assert breaches(m.let("x", 1), requires=(positive,)) == [("assumption", "w.requires1", 1)]
    assert breaches(m.return_(2), ensures=(returned,)) == [("builtin.ensures", "w.ensures1", 1)]
    assert breaches(m.return_(1), ensures=(returned,)) == []
    invariant = core.Condition("w.invariant1", b.op("<", "$i", 2), span=b.SPAN)
    loop = attrs.evolve(
        m.while_(b.op("<", "$i", 2), [m.let("i", b.op("+", "$i", 1))]), invariants=(invariant,)
    )
    assert breaches(m.let("i", 0), loop) == [("builtin.invariant", "w.invariant1", 1)]
