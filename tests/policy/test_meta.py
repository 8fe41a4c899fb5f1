"""`check META`, each question with a policy that passes and one that does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from wfcheck.checker.result import Report, Result, Verdict

Asked = Callable[[str, str], Result]
HEAD = """
import std.labels
principal helper is agent
principal manager is human
channel out
type Order = { kind: text, amount: decimal }
tool inbox() -> text { effect read  emits nothing  returns {email} }
tool customers(k: text) -> text { effect read  emits nothing  returns {pii} }
tool post(to: text, body: text) { effect irreversible  emits out  returns {} }
tool pay(amount: decimal, note: text?) { effect irreversible  emits nothing  returns {} }
tool place(order: Order) { effect irreversible  emits nothing  returns {} }
"""


def spec(rules: str, body: str = "") -> str:
    return f"{HEAD}workflow w(q: text from {{user}}, n: decimal from {{user}}) as helper {{\n{body}\n}}\npolicy p {{\n{rules}\n}}\n"


# ---------------------------------------------------------------- grants


def test_a_grant_that_no_run_uses_is_named(verdict: Asked) -> None:
    found = verdict(
        spec("allow helper: post, pay\n used: check no unused grants", 'post(to: q, body: "hi")'), "p.used"
    )
    assert found.verdict is Verdict.VIOLATED
    assert "p.allow(helper): pay" in (found.reason or "")
    assert found.path[0].span.line == 16


def test_a_grant_that_only_impossible_calls_would_use_is_unused(verdict: Asked) -> None:
    body = "if n > 10 { pay(amount: n) }"
    rules = "allow helper: pay(amount: > 5)\n allow helper: pay(amount: < 3)\n used: check no unused grants"
    found = verdict(spec(rules, body), "p.used")
    assert found.verdict is Verdict.VIOLATED
    assert [step.span.line for step in found.path] == [17]


def test_every_grant_is_used(verdict: Asked) -> None:
    body = 'post(to: q, body: "hi")\n if n > 10 { pay(amount: n) }'
    rules = "allow helper: post, pay(amount: > 5)\n used: check no unused grants"
    assert verdict(spec(rules, body), "p.used").verdict is Verdict.PROVED


def test_no_grants_at_all(verdict: Asked) -> None:
    assert verdict(spec("used: check no unused grants"), "p.used").verdict is Verdict.NOT_APPLICABLE


# ---------------------------------------------------------------- effective powers

NARROW, WIDE = (
    "narrow: check effective(helper) at most effective(manager)",
    "back: check effective(manager) at most effective(helper)",
)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ("pay(amount: <= 40)", "pay(amount: <= 500)"),
        ("post(to: matches /agent@x[.]com/)", "post(to: matches /.*/)"),
        ('post(to: "agent@x.com")', 'post(to: endswith "@x.com")'),
        ('post(to: like "*@x.com")', 'post(to: contains "@")'),
        ('post(to: "a", body: "b")', 'post(to: in {"a", "c"})'),
        ("place", "place, pay"),
        ("pay(amount: > 3)", "pay(amount: >= 3)"),
    ],
)
def test_powers_are_compared_call_by_call(verdict: Asked, small: str, large: str) -> None:
    rules = f"allow helper: {small}\n allow manager: {large}\n {NARROW}\n {WIDE}"
    assert verdict(spec(rules), "p.narrow").verdict is Verdict.PROVED
    back = verdict(spec(rules), "p.back")
    assert back.verdict is Verdict.VIOLATED
    assert back.witness is not None
    assert back.witness.events[0].actor == "manager"


def test_fields_of_records_count(verdict: Asked) -> None:
    rules = f"""allow helper: place when order.kind == "book"
    allow manager: place when order.amount <= 10
    {NARROW}"""
    found = verdict(spec(rules), "p.narrow")
    assert found.verdict is Verdict.VIOLATED
    assert found.witness is not None
    order = found.witness.events[0].arguments["order"]
    assert order["kind"] == "book"
    assert float(order["amount"]) > 10


def test_an_outright_ban_takes_power_away(verdict: Asked) -> None:
    rules = f"allow helper: pay\n allow manager: pay(amount: <= 100)\n cap: forbid pay when amount > 100\n {NARROW}"
    assert verdict(spec(rules), "p.narrow").verdict is Verdict.PROVED


def test_a_ban_of_one_counts_for_one(verdict: Asked) -> None:
    rules = f"cap: forbid pay by manager when amount > 100\n {NARROW}\n {WIDE}"
    assert verdict(spec(rules), "p.narrow").verdict is Verdict.VIOLATED
    assert verdict(spec(rules), "p.back").verdict is Verdict.PROVED


def test_history_that_binds_the_larger_alone_is_not_overlooked(verdict: Asked) -> None:
    rules = f"asked: require inbox before pay by manager\n {NARROW}"
    assert verdict(spec(rules), "p.narrow").verdict is Verdict.UNKNOWN


def test_a_condition_that_errs_grants_nothing(verdict: Asked) -> None:
    rules = (
        f'allow helper: pay when note == "a"\n allow manager: pay when note == "a" or note == none\n {NARROW}'
    )
    assert verdict(spec(rules), "p.narrow").verdict is Verdict.PROVED


def test_acting_for_another_is_no_more_than_the_other(verdict: Asked) -> None:
    text = spec(f"allow helper: pay, post\n allow manager: pay\n {NARROW}").replace(
        "principal helper is agent", "principal helper is agent { acts for manager }"
    )
    assert verdict(text, "p.narrow").verdict is Verdict.PROVED


# ---------------------------------------------------------------- shadowed, vacuous


@pytest.mark.parametrize(
    "rules",
    [
        "a: forbid pay when amount > 100\n b: forbid pay when amount > 500",
        "a: limit count(pay) <= 2 per run\n b: limit count(pay(amount: > 3)) <= 4 per run",
        "a: require inbox before {pay, post}\n b: require inbox before pay(amount: > 1)",
        "a: forbid pay after inbox\n b: forbid pay after inbox until post",
        "a: forbid post\n b: forbid post after customers",
        "a: limit count(post) <= 0 per run\n b: require inbox before post",
        "a: forbid flow {pii, email} -> out\n b: forbid flow pii -> out except via approve",
    ],
)
def test_a_rule_that_another_implies_is_shadowed(verdict: Asked, rules: str) -> None:
    found = verdict(spec(f"{rules}\n s: check no shadowed rules"), "p.s")
    assert found.verdict is Verdict.VIOLATED
    assert "`p.b`" in (found.reason or "")


@pytest.mark.parametrize(
    "rules",
    [
        "a: forbid pay when amount > 100\n b: forbid pay when amount < 5",
        "a: limit count(pay) <= 2 per run\n b: limit count({pay, post}) <= 4 per run",
        "a: require inbox before pay\n b: require inbox since post before post",
        "a: forbid pay after inbox until post\n b: forbid pay after customers",
        "a: require approve(by: manager, shows: args) before pay\n b: limit sum(pay.amount) <= 10 per run",
        "a: forbid flow pii -> external\n b: limit count(post) <= 3 per run",
    ],
)
def test_rules_that_each_forbid_something_of_their_own(verdict: Asked, rules: str) -> None:
    assert verdict(spec(f"{rules}\n s: check no shadowed rules"), "p.s").verdict is Verdict.PROVED


def test_a_shadowed_grant_is_found(verdict: Asked) -> None:
    rules = 'allow helper: post(to: startswith "a")\n allow helper: post(to: "abc"), pay\n s: check no shadowed rules'
    found = verdict(spec(rules), "p.s")
    assert found.verdict is Verdict.VIOLATED
    assert found.path[0].span.line == 17


def test_vacuous_rules(verdict: Asked) -> None:
    rules = "a: require inbox before pay\n b: forbid post\n v: check no vacuous rules"
    assert "`p.a`" in (verdict(spec(rules, 'post(to: q, body: "x")'), "p.v").reason or "")
    found = verdict(spec(rules, 'post(to: q, body: "x")\n inbox()\n pay(amount: 1)'), "p.v")
    assert found.verdict is Verdict.PROVED


# ---------------------------------------------------------------- agents

APART = "x: check no agent has {read({pii}), emit(out)}"


def test_one_agent_does_both(verdict: Asked) -> None:
    found = verdict(spec(APART, "agent a(q) may { customers, post } max 4 steps"), "p.x")
    assert found.verdict is Verdict.VIOLATED
    assert found.witness is not None
    assert {e.tool for e in found.witness.events if e.kind == "call"} == {"customers", "post"}


def test_two_regions_of_one_principal_count_together(verdict: Asked) -> None:
    body = "agent a(q) may { customers } max 2 steps\n agent b(q) may { post } max 2 steps"
    assert verdict(spec(APART, body), "p.x").verdict is Verdict.VIOLATED


def test_two_agents_do_one_each(verdict: Asked) -> None:
    body = "agent a(q) may { customers } max 2 steps\n agent b(q) may { inbox } max 2 steps"
    assert verdict(spec(APART, body), "p.x").verdict is Verdict.PROVED


def test_what_an_agent_is_shown_it_has_read(verdict: Asked) -> None:
    body = "c = customers(q)\n agent a(c) may { post } max 2 steps"
    assert verdict(spec(APART, body), "p.x").verdict is Verdict.VIOLATED


def test_a_condition_that_never_holds_keeps_them_apart(verdict: Asked) -> None:
    body = 'agent a(q) may { customers, post when to == "a" and to == "b" } max 4 steps'
    assert verdict(spec(APART, body), "p.x").verdict is Verdict.PROVED


# ---------------------------------------------------------------- lints


def test_lints_are_warnings(checked: Callable[[str], Report]) -> None:
    rules = 'allow helper: post\n allow helper: post(to: "a")\n a: forbid pay when amount > 1\n b: forbid pay when amount > 2'
    found = [
        (d.code, d.span.line if d.span else 0)
        for d in checked(spec(rules)).diagnostics
        if d.code.startswith("WF54")
    ]
    assert found == [("WF548", 17), ("WF549", 19)]
