"""Rules about flows on runs of the interpreter, against verdicts worked out by hand."""

from __future__ import annotations

import pytest
from generators import build as b

from wfcheck.checker.reference.judge import judge
from wfcheck.checker.reference.oracle import CallTool, Finish, ScriptedOracle
from wfcheck.checker.reference.rules import Verdict3, breaks
from wfcheck.dsl import core, types

TOOLS = (
    b.tool("get_text", {}, b.TEXT, returns={"email"}),
    b.tool("get_flag", {}, b.BOOL, returns={"pii"}),
    b.tool(
        "contact",
        {},
        types.RecordType("C", (("name", b.TEXT), ("phone", b.TEXT))),
        returns={("phone",): {"pii"}},
    ),
    b.tool("plain", {}, b.TEXT),
    b.tool("post", {"to": b.TEXT, "body": b.TEXT}, b.TEXT, effect=core.Effect.IRREVERSIBLE, emits="out"),
    b.tool("note", {"text": b.TEXT}, b.TEXT, writes=frozenset({"memo"})),
)
PRINCIPALS = (b.principal("boss", trusts={"email"}), b.principal("clerk"))
RELEASES = (b.release("judge", {"email", "pii"}, "boss"), b.release("shorten", {"pii"}, type_=b.TEXT))
STORES = (b.store("memo", types.ListType(b.TEXT)),)
PII, EMAIL = core.TagEnd(frozenset({"pii"})), core.TagEnd(frozenset({"email"}))
OUT = core.ChannelEnd(frozenset({"out"}))


def flow(
    source: core.FlowEnd,
    sink: core.FlowEnd = OUT,
    influence: set[str] | None = None,
    via: tuple[str, ...] = (),
    explicit: bool = False,
) -> core.Flow:
    """forbid flow source -> sink"""
    steered = None if influence is None else frozenset(influence)
    return core.Flow((source,), (sink,), steered, frozenset(via), explicit)


def verdict(
    body: core.RuleBody, statements: list[core.Statement], script: object = None, times: int = 1
) -> Verdict3:
    """The verdict of a rule on a workflow that runs so many times."""
    workflow = b.workflow("w", statements, (b.param("ask", sources={"user"}),))
    rule = b.rule(body)
    program = b.program(
        tools=TOOLS,
        principals=PRINCIPALS,
        releases=RELEASES,
        stores=STORES,
        workflows=(workflow,),
        rules=(rule,),
    )
    oracle = ScriptedOracle(script or {})  # type: ignore[arg-type]
    return judge(program, rule, [(workflow, oracle)] * times)[1]


def test_a_tag_reaches_a_channel_by_value_or_by_decision() -> None:
    m = b.Maker()
    body = [
        m.call("contact", "c"),
        m.call("post", to="a", body="$c.name"),
        m.call("post", to="a", body="$c.phone"),
    ]
    assert verdict(flow(PII), body) == Verdict3((5,))
    m = b.Maker()
    decided = [m.call("get_flag", "f"), m.if_("$f", [m.call("post", to="a", body="yes")])]
    assert verdict(flow(PII), decided, {("n1", 0): True}) == Verdict3((3,))
    assert verdict(flow(PII), decided, {("n1", 0): False}).holds
    assert verdict(flow(PII, explicit=True), decided, {("n1", 0): True}).holds


def test_arguments_calls_stores_and_people_are_sinks() -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.call("get_text", "t"),
        m.call("post", to="a", body="$t"),
        m.remember("memo", "$t"),
        m.call("note", text="$t"),
        m.say("$t"),
        m.send("boss", "$t"),
        m.llm("x", "$t"),
    ]

    def at(sink: core.FlowEnd, source: core.FlowEnd = EMAIL) -> tuple[int, ...]:
        found = verdict(flow(source, sink), body)
        assert not found.unknown
        return found.broken

    assert at(core.ArgumentEnd("post", "body", ())) == (5,)
    assert at(core.ArgumentEnd("post", "to", ())) == ()
    assert at(core.CallEnd(b.event("call", "post"))) == (5,)
    assert at(core.StoreEnd("memo")) == (7, 8)
    assert at(core.PrincipalEnd("user")) == (10,)
    assert at(core.PrincipalEnd("boss")) == (11,)
    assert at(core.AgentEnd("x")) == (12,)
    assert at(OUT, PII) == ()


def test_an_agent_sees_results_but_not_hidden_ones() -> None:
    acts = {("n1", 0, 0): CallTool("get_text", {}), ("n1", 0, 1): Finish("")}
    m = b.Maker()
    seen = verdict(flow(EMAIL, core.AgentEnd("bot")), [m.agent("bot", ["get_text"])], acts)
    assert seen.broken
    m = b.Maker()
    hidden = [m.agent("bot", ["get_text"], hides={"get_text"})]
    assert verdict(flow(EMAIL, core.AgentEnd("bot")), hidden, acts).holds


def test_a_residue_stands_for_what_was_removed_unless_it_is_named() -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.release("judge", "v", x="$f"),
        m.if_("$v", [m.call("post", to="a", body="b")]),
    ]
    script = {("n2", 0): True}
    assert verdict(flow(PII), body, script).broken == (4,)
    assert verdict(flow(PII, via=("judge",)), body, script).holds
    assert verdict(flow(core.TagEnd(frozenset({"via judge"})), via=()), body, script).broken == (4,)
    assert verdict(flow(core.TagEnd(frozenset({"model"}))), body, script).holds


def test_a_raw_part_joined_with_a_released_one_is_seen() -> None:
    m = b.Maker()
    body = [
        m.call("contact", "c"),
        m.release("shorten", "s", x="$c.phone"),
        m.call("post", to="a", body=b.op("+", "$s", "$c.phone")),
    ]
    assert verdict(flow(PII, via=("shorten",)), body).broken == (4,)


def test_an_approval_stands_for_the_secrecy_that_was_shown() -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.approve("boss", None, "$f"),
        m.call("post", to="a", body="b"),
    ]
    assert verdict(flow(PII), body).broken == (4,)
    assert verdict(flow(PII, via=("approve",)), body).holds
    m = b.Maker()
    nothing = [m.call("get_flag", "f"), m.approve("boss", None, "x"), m.call("post", to="a", body="b")]
    assert verdict(flow(PII), nothing).holds


def test_influence_speaks_of_all_arguments_and_of_the_decision() -> None:
    m = b.Maker()
    body = [m.call("contact", "c"), m.call("get_text", "t"), m.call("post", to="$t", body="$c.phone")]
    assert verdict(flow(PII, influence={"email"}), body).broken == (5,)
    m = b.Maker()
    clean = [m.call("contact", "c"), m.call("get_text", "t"), m.call("post", to="a", body="$c.phone")]
    assert verdict(flow(PII, influence={"email"}), clean).holds
    m = b.Maker()
    steered = [
        m.call("contact", "c"),
        m.call("get_text", "t"),
        m.if_(b.op("==", "$t", "go"), [m.call("post", to="a", body="$c.phone")]),
    ]
    assert verdict(flow(PII, influence={"email"}), steered, {("n2", 0): "go"}).broken == (5,)


def test_sources_that_are_no_tags() -> None:
    m = b.Maker()
    body = [
        m.call("plain", "p"),
        m.call("contact", "c"),
        m.call("note", "n", text="$ask"),
        m.llm("x", "$p"),
        m.call("post", to="a", body="$p"),
        m.call("post", to="a", body="$c.name"),
        m.call("post", to="a", body="$ask"),
        m.call("post", to="a", body="$x"),
        m.call("post", to="a", body="$n"),
        m.recall("r", "memo"),
        m.if_(b.op("==", b.op("length", "$r"), 0), [m.call("post", to="a", body="z")]),
    ]

    def at(source: core.FlowEnd) -> tuple[int, ...]:
        found = verdict(flow(source), body)
        assert not found.unknown
        return found.broken

    assert at(core.ResultEnd("plain", ())) == (8, 14)
    assert at(core.ResultEnd("contact", ("name",))) == (10,)
    assert at(core.ResultEnd("contact", ("phone",))) == ()
    assert at(core.ParameterEnd(None, "ask", ())) == (12, 16, 19)
    assert at(core.AgentEnd("x")) == (14,)
    assert at(core.ArgumentEnd("note", "text", ())) == (16,)
    assert at(core.StoreEnd("memo")) == (19,)
    assert at(core.CallEnd(b.event("call", "plain"))) == (8, 14)


def test_a_mark_that_went_through_a_named_release_is_excused() -> None:
    m = b.Maker()
    body = [m.call("plain", "p"), m.release("shorten", "s", x="$p"), m.call("post", to="a", body="$s")]
    assert verdict(flow(core.ResultEnd("plain", ())), body).broken == (3 + 1,)
    assert verdict(flow(core.ResultEnd("plain", ()), via=("shorten",)), body).holds


def test_a_flow_through_a_store_shows_in_the_second_session() -> None:
    m = b.Maker()
    body = [
        m.recall("old", "memo"),
        m.for_("o", "$old", [m.call("post", to="a", body="$o")]),
        m.call("get_text", "t"),
        m.remember("memo", "$t"),
    ]
    assert verdict(flow(EMAIL), body).holds
    assert verdict(flow(EMAIL), body, times=2).broken == (8,)


def test_a_decision_from_only_some() -> None:
    m = b.Maker()
    body = [
        m.call("get_text", "t"),
        m.call("get_flag", "f"),
        m.if_("$f", [m.call("post", to="a", body="$t")]),
        m.if_(b.op("==", "$t", "go"), [m.call("plain")]),
    ]
    script = {("n1", 0): "go", ("n2", 0): True}

    def decided(tool: str, *tags: str) -> Verdict3:
        allowed = core.AllowedSource(core.TagEnd(frozenset(tags)), frozenset(), None, None, span=b.SPAN)
        return verdict(core.Decision(b.event("call", tool), (allowed,)), body, script)

    assert decided("post", "user").holds
    assert decided("plain", "user").broken == (7,)
    assert decided("plain", "user", "email").holds


def source(end: core.FlowEnd, via: tuple[str, ...] = ()) -> core.AllowedSource:
    """One source of `from only`."""
    return core.AllowedSource(end, frozenset(via), None, None, span=b.SPAN)


@pytest.mark.parametrize(
    ("value", "broken", "open_"),
    [("a", (), False), ("$ask", (), False), ("$t", (3,), False), ("$x", (), False), ("$both", (), True)],
)
def test_from_only_by_data_flow(value: str, broken: tuple[int, ...], open_: bool) -> None:
    m = b.Maker()
    body = [
        m.call("get_text", "t"),
        m.llm("x", "$ask"),
        m.let("both", b.op("+", "$t", "$ask")),
        m.if_(b.op("==", "$t", ""), [m.call("post", to=value, body="b")]),
    ]
    target = core.ArgumentEnd("post", "to", ())
    found = verdict(core.FromOnly(target, (source(core.TagEnd(frozenset({"user"}))),), span=b.SPAN), body)
    expected = tuple(index + 1 for index in broken)
    assert (found.broken, bool(found.unknown)) == (expected, open_)


def test_from_only_a_result() -> None:
    m = b.Maker()
    body = [
        m.call("contact", "c"),
        m.call("post", to="$c.name", body="b"),
        m.call("post", to="$c.phone", body="b"),
        m.call("post", to="$ask", body="b"),
    ]
    target = core.ArgumentEnd("post", "to", ())
    found = verdict(core.FromOnly(target, (source(core.TagEnd(frozenset({"user"}))),), span=b.SPAN), body)
    assert found.broken == (3, 5)
    named = verdict(core.FromOnly(target, (source(core.ResultEnd("contact", ("name",))),), span=b.SPAN), body)
    assert named.broken == (5, 7)


def test_labels_of_the_wrong_kind_decide_nothing() -> None:
    rule = b.rule(flow(EMAIL, explicit=True))
    program = b.program(tools=TOOLS, rules=(rule,))
    assert breaks(program, rule, [], explicit=False).unknown
    assert breaks(program, b.rule(flow(core.ResultEnd("plain", ()))), []).unknown
    assert breaks(program, b.rule(flow(EMAIL)), []).holds
