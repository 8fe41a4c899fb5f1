"""Every rule form on hand-made traces, against verdicts worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import attrs
from generators import build as b
from generators.traces import approve, call, deny, done, fail, new_run, new_session, result, simple, trace

from wfcheck.checker.reference.rules import Verdict3, breaks
from wfcheck.checker.traces.event import Event
from wfcheck.dsl import core, types

PAY = b.tool(
    "pay",
    {"order": b.TEXT, "amount": b.DECIMAL, "note": types.OptionType(b.TEXT)},
    effect=core.Effect.IRREVERSIBLE,
    emits="bank",
)
TOOLS = (
    PAY,
    b.tool("audit", {"order": b.TEXT}),
    b.tool("read", {"key": b.TEXT}, returns={"email"}),
    b.tool("save", {"x": b.TEXT}, writes=frozenset({"memo"})),
)
PRINCIPALS = (b.principal("boss"), b.principal("clerk", acts_for="boss"))
STORES = (b.store("memo", b.TEXT),)


def verdict(body: core.RuleBody, *parts: Event | tuple[Event, ...], **options: object) -> Verdict3:
    """The verdict of a rule on a trace."""
    per_session = bool(options.pop("per_session", False))
    registers = options.pop("registers", ())
    gap = options.pop("gap", timedelta(seconds=1))
    rule = b.rule(body, per_session=per_session)
    program = b.program(
        tools=TOOLS,
        principals=PRINCIPALS,
        stores=STORES,
        registers=registers,  # type: ignore[arg-type]
        rules=(rule, *options.pop("rules", ())),  # type: ignore[misc]
    )
    return breaks(program, rule, trace(*parts, gap=gap))  # type: ignore[arg-type]


def broken(body: core.RuleBody, *parts: Event | tuple[Event, ...], **options: object) -> tuple[int, ...]:
    """Where the rule is broken, when nothing is unknown."""
    found = verdict(body, *parts, **options)
    assert found.unknown == ()
    return found.broken


def unknown(
    body: core.RuleBody, *parts: Event | tuple[Event, ...], **options: object
) -> tuple[int | None, ...]:
    """Where the verdict is unknown, when nothing is broken."""
    found = verdict(body, *parts, **options)
    assert found.broken == ()
    return tuple(index for index, _ in found.unknown)


def forbid(event: core.EventPattern, condition: core.Expr | None = None, **more: object) -> core.Forbid:
    """forbid EVENT"""
    made = core.Forbid(event, condition, None, None, None)
    return attrs.evolve(made, **more)  # type: ignore[arg-type]


def before(evidence: core.EventPattern, judged: core.EventPattern, **more: object) -> core.Before:
    """require EVIDENCE before JUDGED"""
    made = core.Before(evidence, None, judged, None, None, None, None, None)
    return attrs.evolve(made, **more)  # type: ignore[arg-type]


def after(evidence: core.EventPattern, judged: core.EventPattern, **more: object) -> core.After:
    """require EVIDENCE after JUDGED"""
    made = core.After(evidence, judged, None, None, None, None, None)
    return attrs.evolve(made, **more)  # type: ignore[arg-type]


def limit(kind: str, bound: int, *scopes: core.ScopeKey, **more: object) -> core.Limit:
    """limit KIND (pay) <= bound"""
    made = core.Limit(kind, b.event("call", "pay"), None, None, Fraction(bound), scopes)  # type: ignore[arg-type]
    return attrs.evolve(made, **more)  # type: ignore[arg-type]


def scope(kind: str, key: core.Expr | None = None, window: timedelta | None = None) -> core.ScopeKey:
    """One `per`."""
    return core.ScopeKey(kind, window, key)  # type: ignore[arg-type]


PAID, AUDITED = b.event("call", "pay"), b.event("call", "audit")
RUN, SESSION = scope("run"), scope("session")


# ---------------------------------------------------------------- forbid


def test_forbid_counts_attempts() -> None:
    rule = forbid(PAID)
    assert broken(rule, done("audit", order="1"), call("pay", order="1", amount=1)) == (2,)
    assert broken(rule, call("pay", order="1", amount=1), fail()) == (0,)
    assert broken(rule, deny("pay", order="1", amount=1)) == ()


def test_forbid_when_reads_arguments_by_type() -> None:
    rule = forbid(PAID, b.op(">", b.arg("amount"), Fraction(100)))
    assert broken(rule, call("pay", order="1", amount="100.01")) == (0,)
    assert broken(rule, call("pay", order="1", amount="100.00")) == ()
    assert unknown(rule, call("pay", order="1")) == (0,)
    assert unknown(rule, call("pay", order="1", amount="a lot")) == (0,)


def test_a_left_out_option_is_absent_and_no_test_of_it_is_true() -> None:
    absent = forbid(PAID, b.op("==", b.arg("note"), None))
    assert broken(absent, call("pay", order="1", amount=1)) == (0,)
    assert unknown(forbid(PAID, b.op("contains", b.arg("note"), "x")), call("pay", order="1", amount=1)) == (
        0,
    )


def test_argument_patterns_compare_bind_and_miss() -> None:
    rule = forbid(b.event("call", "pay", amount=b.compare(">", Fraction(5))))
    assert broken(rule, call("pay", order="1", amount=6), call("pay", order="1", amount=5)) == (0,)
    assert unknown(rule, call("pay", order="1")) == (0,)


def test_forbid_after_until_for() -> None:
    rule = forbid(PAID, after=b.event("call", "read"))
    assert broken(rule, done("pay"), call("read", key="k"), call("pay")) == ()
    assert broken(rule, done("read", key="k"), call("pay")) == (2,)
    until = forbid(PAID, after=b.event("call", "read"), until=AUDITED)
    assert broken(until, done("read"), done("audit"), call("pay")) == ()
    assert broken(until, done("read"), done("audit"), done("read"), call("pay")) == (6,)
    timed = forbid(PAID, after=b.event("call", "read"), duration=timedelta(seconds=2))
    assert broken(timed, done("read"), call("audit"), call("pay")) == (3,)
    assert broken(timed, done("read"), call("audit"), call("audit"), call("pay")) == ()
    assert unknown(timed, done("read"), call("pay"), gap=None) == (2,)


def test_binders_agree_between_the_judged_event_and_what_it_follows() -> None:
    rule = forbid(
        b.event("call", "pay", order=core.Bind("X")), after=b.event("call", "audit", order=core.Bind("X"))
    )
    assert broken(rule, done("audit", order="1"), call("pay", order="2"), call("pay", order="1")) == (3,)


def test_same_in_the_judged_event_is_the_argument_of_the_earlier_one() -> None:
    rule = forbid(b.event("call", "pay", order=core.Same()), after=AUDITED)
    audits = done("audit", order="1"), done("audit", order="2")
    assert broken(rule, audits[0], call("pay", order="2"), call("pay", order="1")) == (3,)
    assert broken(rule, *audits, call("pay", order="1"), call("pay", order="3")) == (4,)
    assert broken(rule, call("pay", order="1"), audits[0]) == ()
    assert unknown(rule, done("audit"), call("pay", order="1")) == (2,)
    until = forbid(b.event("call", "pay", order=core.Same()), after=AUDITED, until=b.event("call", "read"))
    assert broken(until, audits[0], done("read"), audits[1], call("pay", order="1")) == ()
    assert broken(until, audits[0], done("read"), audits[1], call("pay", order="2")) == (6,)


def test_history_is_of_the_run_or_of_the_session() -> None:
    rule = forbid(PAID, after=b.event("call", "read"))
    assert broken(rule, done("read"), new_run(), call("pay")) == ()
    assert broken(rule, done("read"), new_run(), call("pay"), per_session=True) == (2,)
    assert broken(rule, done("read"), new_session(), call("pay"), per_session=True) == ()


def test_events_by_what_tools_do() -> None:
    assert broken(forbid(b.event("emit", "bank")), call("pay"), call("audit")) == (0,)
    assert broken(forbid(b.event("write", "memo")), call("save"), simple("remember", store="memo")) == (0, 1)
    assert broken(forbid(PAID, after=b.event("read", "email")), done("read"), call("pay")) == (2,)
    labelled = simple("recall", store="memo", labels=["email"])
    assert broken(forbid(PAID, after=b.event("read", "email")), labelled, call("pay")) == (1,)
    assert unknown(forbid(b.event("emit", "bank")), call("mystery")) == (0,)


def test_other_kinds_of_events() -> None:
    said, asked = simple("say", text="x"), simple("ask", text="y")
    sent = simple("message", actor="boss", to="clerk", text="z")
    events = (said, asked, sent, simple("end"))
    assert broken(forbid(b.event("say", text="x")), *events) == (0,)
    assert broken(forbid(b.event("ask")), *events) == (1,)
    assert broken(forbid(b.event("message", "boss", to=("clerk",))), *events) == (2,)
    assert broken(forbid(b.event("message", "clerk")), *events) == ()
    assert broken(forbid(b.event("end")), *events, simple("end", error="broke")) == (3,)
    assert broken(forbid(b.event("call", by="boss")), call("pay", "boss"), call("pay", "clerk")) == (0,)


# ---------------------------------------------------------------- before


SHOWN = b.event("approve", "pay", by="boss", shows=core.SameCall())
ORDER1 = {"order": "1", "amount": 1}


def test_an_approval_binds_tool_and_arguments_by_name() -> None:
    rule = before(SHOWN, PAID)
    assert broken(rule, call("pay", **ORDER1)) == (0,)
    assert broken(rule, approve("boss", "pay", **ORDER1), call("pay", **ORDER1)) == ()
    assert broken(rule, approve("clerk", "pay", **ORDER1), call("pay", **ORDER1)) == (1,)
    assert broken(rule, approve("boss", "pay", order="1", amount=2), call("pay", **ORDER1)) == (1,)
    assert broken(rule, approve("boss", "audit", order="1"), call("pay", **ORDER1)) == (1,)
    assert broken(rule, approve("boss"), call("pay", **ORDER1)) == (1,)
    assert broken(rule, deny("pay", **ORDER1), call("pay", **ORDER1)) == (1,)
    assert broken(rule, approve("boss", "pay", order="1", amount="1.0"), call("pay", **ORDER1)) == ()
    same_values_swapped = approve("boss", "pay", order="a", note="b", amount=1)
    assert broken(rule, same_values_swapped, call("pay", order="b", note="a", amount=1)) == (1,)


def test_an_approval_is_used_up() -> None:
    rule = before(SHOWN, PAID)
    yes, pay = approve("boss", "pay", **ORDER1), call("pay", **ORDER1)
    assert broken(rule, yes, pay, result(), pay) == (3,)
    assert broken(rule, yes, pay, fail(), pay) == (3,)
    assert broken(rule, yes, yes, pay, result(), pay) == ()
    assert broken(rule, yes, call("pay", order="2", amount=1), pay) == (1,)
    assert broken(rule, yes, new_run(), pay) == (1,)


def test_an_approval_that_was_given_for_a_while_expires() -> None:
    rule = before(SHOWN, PAID)
    yes = simple("approve", actor="boss", tool="pay", args_requested=ORDER1, valid_steps=1)
    assert broken(rule, yes, call("pay", **ORDER1)) == ()
    assert broken(rule, yes, done("audit"), call("pay", **ORDER1)) == (3,)
    until = simple(
        "approve", actor="boss", tool="pay", args_requested=ORDER1, valid_until="2024-01-01T00:00:01+00:00"
    )
    assert broken(rule, until, call("pay", **ORDER1)) == ()
    assert broken(rule, until, simple("say"), call("pay", **ORDER1)) == (2,)


def test_evidence_is_the_call_that_returned_and_serves_many() -> None:
    rule = before(AUDITED, PAID)
    assert broken(rule, call("audit"), call("pay")) == (1,)
    assert broken(rule, call("audit"), fail(), call("pay")) == (2,)
    assert broken(rule, done("audit"), done("pay"), call("pay")) == ()


def test_since_renews() -> None:
    rule = before(AUDITED, PAID, since=b.event("call", "read"))
    assert broken(rule, done("audit"), done("read"), call("pay")) == (4,)
    assert broken(rule, done("read"), done("audit"), call("pay"), call("pay")) == ()


def test_same_and_binders() -> None:
    rule = before(b.event("call", "audit", order=core.Same()), PAID)
    assert broken(rule, done("audit", order="1"), call("pay", order="1"), call("pay", order="2")) == (3,)
    bound = before(
        b.event("call", "audit", order=core.Bind("X")), b.event("call", "pay", order=core.Bind("X"))
    )
    assert broken(bound, done("audit", order="1"), call("pay", order="1"), call("pay", order="2")) == (3,)


def test_for_each_demands_evidence_for_every_element() -> None:
    many = b.tool("pay", {"orders": types.ListType(b.TEXT)})
    rule = b.rule(
        before(
            b.event("call", "audit", order=core.Compare("==", b.var("o", "bound"))),
            PAID,
            binder="o",
            source=b.arg("orders"),
        )
    )
    program = b.program(tools=(many, *TOOLS[1:]), rules=(rule,))

    def run(*parts: Event | tuple[Event, ...]) -> Verdict3:
        return breaks(program, rule, trace(*parts))

    assert run(done("audit", order="1"), call("pay", orders=["1", "2"])).broken == (2,)
    assert run(done("audit", order="1"), done("audit", order="2"), call("pay", orders=["1", "2"])).holds
    assert run(call("pay", orders=[])).holds
    assert run(call("pay")).unknown[0][0] == 0


def test_within_counts_calls_and_seconds() -> None:
    steps = before(AUDITED, PAID, within_steps=1)
    assert broken(steps, done("audit"), call("pay")) == ()
    assert broken(steps, done("audit"), simple("say"), done("read"), call("pay")) == (5,)
    timed = before(AUDITED, PAID, within_time=timedelta(seconds=2))
    assert broken(timed, done("audit"), simple("say"), call("pay")) == ()
    assert broken(timed, done("audit"), simple("say"), simple("say"), call("pay")) == (4,)
    assert unknown(timed, done("audit"), call("pay"), gap=None) == (2,)
    assert broken(timed, call("pay"), gap=None) == (0,)


def test_when_rules_out_and_an_unknown_when_is_no_matter_with_evidence() -> None:
    rule = before(AUDITED, PAID, condition=b.op(">", b.arg("amount"), Fraction(5)))
    assert broken(rule, call("pay", order="1", amount=5), call("pay", order="1", amount=6)) == (1,)
    assert unknown(rule, call("pay", order="1")) == (0,)
    assert verdict(rule, done("audit"), call("pay", order="1")).holds


def test_a_binder_of_the_evidence_alone_is_demanded_of_it() -> None:
    evidence = b.event("call", "audit", order=core.Bind("X"))
    rule = before(evidence, PAID, condition=b.op("!=", b.var("X", "binder"), b.arg("order")))
    assert broken(rule, done("audit", order="1"), call("pay", order="1")) == (2,)
    assert broken(rule, done("audit", order="2"), call("pay", order="1")) == ()


# ---------------------------------------------------------------- after


def test_after_before_the_end() -> None:
    rule = after(AUDITED, PAID)
    assert broken(rule, done("pay"), simple("end")) == (2,)
    assert broken(rule, done("pay"), done("audit"), simple("end")) == ()
    assert broken(rule, done("audit"), done("pay"), simple("end")) == (4,)
    assert broken(rule, call("pay"), fail(), simple("end")) == ()
    assert broken(rule, done("pay"), simple("end", error="broke")) == ()
    assert broken(rule, done("pay"), call("audit"), simple("end")) == (3,)
    assert broken(rule, done("pay")) == ()


def test_after_within() -> None:
    steps = after(AUDITED, PAID, within_steps=1)
    assert broken(steps, done("pay"), done("audit"), simple("end")) == ()
    assert broken(steps, done("pay"), call("read"), result(), call("audit")) == (4,)
    assert broken(steps, done("pay"), simple("end")) == (2,)
    timed = after(AUDITED, PAID, within_time=timedelta(seconds=2))
    assert broken(timed, done("pay"), done("audit")) == ()
    assert broken(timed, done("pay"), simple("say"), simple("say"), simple("say")) == (4,)


def test_after_per_session_is_owed_at_the_end_of_the_session() -> None:
    rule = after(AUDITED, PAID)
    events = (done("pay"), simple("end"), new_run(), done("audit"), simple("end"))
    assert broken(rule, *events) == (2,)
    assert broken(rule, *events, per_session=True) == ()
    assert broken(rule, done("pay"), simple("end"), new_run(), simple("end"), per_session=True) == (3,)


# ---------------------------------------------------------------- allow, distinct, always


def allow(principal: str, *grants: tuple[core.EventPattern, core.Expr | None]) -> core.Allow:
    """allow principal: .."""
    return core.Allow(principal, tuple(core.Grant(event, when, span=b.SPAN) for event, when in grants))


def test_allow_is_the_only_thing_allowed() -> None:
    small = b.op("<=", b.arg("amount"), Fraction(5))
    rule = allow("clerk", (PAID, small), (AUDITED, None))
    assert broken(
        rule, call("pay", "clerk", amount=5), call("audit", "clerk"), call("pay", "clerk", amount=6)
    ) == (2,)
    assert broken(rule, call("read", "clerk"), call("read", "boss")) == (0,)
    assert unknown(rule, call("pay", "clerk")) == (0,)
    assert unknown(rule, simple("call", actor=None, tool="read")) == (0,)


def test_who_acts_for_another_holds_at_most_its_grants() -> None:
    boss = b.rule(allow("boss", (AUDITED, None)), name="p.allow(boss)")
    rule = allow("clerk", (AUDITED, None), (PAID, None))
    assert broken(rule, call("audit", "clerk"), call("pay", "clerk"), rules=(boss,)) == (1,)


def test_a_call_on_behalf_needs_the_grants_of_both() -> None:
    step = simple("step", actor="boss", id="e0", step="bot")
    acting = simple("call", actor="clerk", tool="pay", parent="e0")
    assert broken(allow("boss", (AUDITED, None)), step, acting) == (1,)


def test_distinct_principals() -> None:
    rule = core.Distinct(
        (b.event("approve", order=core.Bind("X")), b.event("call", "pay", order=core.Bind("X")))
    )
    assert broken(rule, approve("boss", "pay", order="1"), call("pay", "boss", order="1")) == (1,)
    assert broken(rule, approve("boss", "pay", order="1"), call("pay", "clerk", order="1")) == ()
    assert broken(rule, approve("boss", "pay", order="1"), call("pay", "boss", order="2")) == ()
    twice = core.Distinct((b.event("approve"), b.event("approve")))
    assert broken(twice, approve("boss"), approve("boss")) == (1,)
    assert unknown(twice, approve("boss"), simple("approve", actor=None)) == (1,)


def register(value: core.Expr, event: core.EventPattern, **more: object) -> core.Register:
    """track spent: decimal = 0 { on EVENT: value }"""
    update = core.RegisterUpdate(event, None, None, None, None, value, span=b.SPAN)
    changed = attrs.evolve(update, **more)  # type: ignore[arg-type]
    return core.Register("spent", b.DECIMAL, b.lit(0), (changed,), span=b.SPAN)


def test_registers_fold_over_returned_calls() -> None:
    spent = b.var("spent", "register")
    tracked = (register(b.op("+", spent, b.arg("amount")), PAID),)
    rule = core.Always(b.op("<=", spent, 10), None)
    events = (done("pay", amount=6), new_run(), done("pay", amount=5), new_session(), done("pay", amount=9))
    assert broken(rule, *events, registers=tracked) == (3,)
    assert broken(rule, call("pay", amount=11), fail(), registers=tracked) == ()
    at_pay = core.Always(b.op("<", spent, 6), PAID)
    assert broken(at_pay, done("pay", amount=6), done("pay", amount=1), registers=tracked) == (2,)
    assert unknown(rule, done("pay"), registers=tracked) == (1,)


def test_rules_see_registers_before_the_event() -> None:
    spent = b.var("spent", "register")
    tracked = (register(b.op("+", spent, b.arg("amount")), PAID),)
    rule = forbid(PAID, b.op(">", b.op("+", spent, b.arg("amount")), 10))
    assert broken(rule, done("pay", amount=10), call("pay", amount=1), registers=tracked) == (2,)


# ---------------------------------------------------------------- limits


def test_limit_count_per_run_session_key_turn_window() -> None:
    pay, other = call("pay", **ORDER1), call("pay", order="2", amount=1)
    assert broken(limit("count", 1, RUN), pay, pay, new_run(), pay, pay) == (1, 3)
    assert broken(limit("count", 1, SESSION), pay, new_run(), pay, new_session(), pay) == (1,)
    key = scope("key", b.arg("order"))
    assert broken(limit("count", 1, key), pay, other, new_run(), other, new_session(), pay) == (2,)
    assert broken(limit("count", 1, key, RUN), pay, other, new_run(), other, other) == (3,)
    answer = simple("llm")
    assert broken(limit("count", 1, scope("turn")), answer, pay, pay, answer, pay) == (2,)
    window = scope("window", window=timedelta(seconds=2))
    assert broken(limit("count", 1, window), pay, simple("say"), simple("say"), pay) == ()
    assert broken(limit("count", 1, window), pay, simple("say"), new_session(), pay) == (2,)
    assert unknown(limit("count", 1, window), pay, pay, gap=None) == (1,)


def test_limit_sum_is_exact() -> None:
    rule = limit("sum", 100, RUN, value=b.arg("amount"))
    assert broken(rule, call("pay", amount="99.99"), call("pay", amount="0.01")) == ()
    assert broken(rule, call("pay", amount="99.99"), call("pay", amount="0.02")) == (1,)
    assert unknown(rule, call("pay", amount=1), call("pay")) == (1,)


def test_limit_distinct_and_consecutive() -> None:
    orders = limit("distinct", 1, RUN, value=b.arg("order"))
    assert broken(orders, call("pay", order="1"), call("pay", order="1"), call("pay", order="2")) == (2,)
    streak = limit("consecutive", 2, RUN)
    pay = call("pay", **ORDER1)
    assert broken(streak, pay, simple("say"), pay, pay) == (3,)
    assert broken(streak, pay, pay, call("audit"), pay, pay) == ()
    assert broken(streak, pay, pay, new_run(), pay) == ()


def test_failures_in_a_row() -> None:
    """The attempt of the next call does not end the streak; a call that returns does, or one of another tool."""
    rule = limit("consecutive", 3, RUN, event=b.event("fail", "pay"))
    failed = (call("pay", **ORDER1), fail())
    assert broken(rule, *[failed] * 6) == (7, 9, 11)
    assert broken(rule, *[failed] * 3) == ()
    assert broken(rule, *[failed] * 2, done("pay", **ORDER1), *[failed] * 2) == ()
    assert broken(rule, *[failed] * 2, call("audit"), *[failed] * 2) == ()
    assert broken(rule, *[failed] * 2, call("audit"), fail(), *[failed] * 2) == ()
    assert broken(rule, *[failed] * 2, simple("say"), *[failed] * 2) == (8,)
    assert broken(rule, *[failed] * 2, new_run(), *[failed] * 2) == ()
    assert unknown(rule, *[failed] * 2, call("pay", **ORDER1), *[failed] * 2) == (8,)


def test_failures_of_calls_at_once_are_in_a_row() -> None:
    rule = limit("consecutive", 1, RUN, event=b.event("fail", "pay"))
    attempt = call("pay", **ORDER1)
    assert broken(rule, attempt, attempt, fail(), fail()) == (3,)
    assert broken(rule, attempt, attempt, attempt, fail(), result(), fail()) == ()


def test_failures_in_a_row_by_key() -> None:
    rule = limit("consecutive", 1, scope("key", b.arg("order")), event=b.event("fail", "pay"))
    one, two = (call("pay", order="1", amount=1), fail()), (call("pay", order="2", amount=1), fail())
    assert broken(rule, one, two, two) == (5,)
    assert broken(rule, one, two, one) == ()


def test_denials_in_a_row() -> None:
    rule = limit("consecutive", 1, RUN, event=b.event("deny", "pay"))
    denied = deny("pay", **ORDER1)
    assert broken(rule, denied, denied) == (1,)
    assert broken(rule, denied, deny("audit"), denied) == ()
    assert broken(rule, denied, done("pay", **ORDER1), denied) == ()
    assert broken(rule, denied, call("pay", **ORDER1), fail(), denied) == ()
    assert unknown(rule, denied, call("pay", **ORDER1), denied) == (2,)


def test_limit_when_counts_what_matches() -> None:
    rule = limit("count", 1, RUN, condition=b.op(">", b.arg("amount"), 5))
    assert broken(rule, call("pay", amount=6), call("pay", amount=5), call("pay", amount=7)) == (2,)
    assert unknown(rule, call("pay"), call("pay", amount=6)) == (1,)


# ---------------------------------------------------------------- expressions over history


def test_the_last_and_any_earlier_event() -> None:
    last = core.LastEvent(b.event("input"), types.ANY, span=b.SPAN)
    text = core.Field(last, "text", b.TEXT, span=b.SPAN)
    rule = forbid(PAID, b.op("not", b.op("contains", text, "pay")))
    assert broken(rule, simple("input", text="please pay"), simple("input", text="wait"), call("pay")) == (2,)
    assert broken(rule, simple("input", text="wait"), simple("input", text="please pay"), call("pay")) == ()
    assert unknown(rule, call("pay")) == (0,)
    body = b.op("==", b.var("text", "bound"), "go")
    earlier = core.EarlierEvent(b.event("input"), body, b.BOOL, span=b.SPAN)
    unless = forbid(PAID, b.op("not", earlier))
    assert broken(unless, simple("input", text="go"), simple("input", text="x"), call("pay")) == ()
    assert broken(unless, call("pay"), simple("input", text="go")) == (0,)


def test_a_redacted_argument_is_unknown() -> None:
    hidden = simple(
        "call",
        tool="pay",
        args_executed={"order": "1", "amount": 1},
        completeness={"args_executed": "redacted"},
    )
    assert unknown(forbid(PAID, b.op(">", b.arg("amount"), 5)), hidden) == (0,)
    assert unknown(before(SHOWN, PAID), approve("boss", "pay", **ORDER1), hidden) == (1,)


def test_a_rule_that_does_not_apply_holds_and_one_about_the_policy_is_unknown() -> None:
    program = b.program(tools=TOOLS)
    closed = attrs.evolve(b.rule(forbid(PAID)), not_applicable="the group is empty")
    assert breaks(program, closed, trace(call("pay"))).holds
    assert breaks(program, b.rule(core.Meta("vacuous_rules")), []).unknown
