"""Rules become the forms that they mean."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from wfcheck.dsl import core
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.types import DECIMAL, TEXT

WORKFLOW = """
workflow main(request: text from {user}) as helper {
  found = lookup(request)
  d = llm decide(request, found) -> Decision
  match d { case pay { refund(request, 5) } case _ { say "no" } }
}
"""


@pytest.fixture
def rule(clean):
    """The one rule of a policy."""

    def run(text: str) -> core.Rule:
        made = clean(WORKFLOW + "policy p {\n" + text + "\n}")
        (found,) = made.rules
        return found

    return run


@pytest.fixture
def rule_body(rule):
    return lambda text: rule("r: " + text).body


def choices(pattern):
    return [(c.kind, set(c.subjects)) for c in pattern.choices]


# ---------------------------------------------------------------- events


EVENTS = {
    "refund": [("call", {"refund"})],
    "payers": [("call", {"refund", "repay"})],
    "{refund, lookup}": [("call", {"refund"}), ("call", {"lookup"})],
    "call": [("call", set())],
    "call(effect: irreversible)": [("call", {"refund", "repay"})],
    "call(effect: in {read})": [("call", {"counter", "lookup", "fetch"})],
    "call(effect: != read)": [("call", {"refund", "repay"})],
    "call(effect: write)": [],
    "read({web, pii})": [("read", {"web", "pii"})],
    "emit(bank)": [("emit", {"bank"})],
    "write(notes)": [("write", {"notes"})],
    "remember(notes)": [("remember", {"notes"})],
    "recall(notes)": [("recall", {"notes"})],
    "approve": [("approve", set())],
    "approve(refund)": [("approve", {"refund"})],
    "deny(refund)": [("deny", {"refund"})],
    "fail(payers)": [("fail", {"refund", "repay"})],
    "input": [("input", set())],
    "input(user)": [("input", {"user"})],
    "say": [("say", set())],
    "ask": [("ask", set())],
    "llm": [("llm", set())],
    "llm(decide)": [("llm", {"decide"})],
    "step(found)": [("step", {"found"})],
    "release(triage)": [("release", {"triage"})],
    "reset(context)": [("reset", set())],
    "end": [("end", set())],
}


@pytest.mark.parametrize(("text", "wanted"), EVENTS.items(), ids=EVENTS.keys())
def test_events_become_kinds_and_subjects(rule_body, text, wanted):
    assert choices(rule_body(f"forbid {text}").event) == wanted


def test_messages_have_two_ends(rule_body):
    (choice,) = rule_body("forbid message(from: helper, to: other)").event.choices
    assert (choice.subjects, choice.to) == ({"helper"}, {"other"})


def test_by_names_the_actor_and_groups_of_actors_spread(clean):
    made = clean("group people = {helper, other} policy p { r: forbid {refund, lookup by other} by people }")
    assert [(c.subjects, c.by) for c in made.rules[0].body.event.choices] == [
        ({"refund"}, "helper"), ({"refund"}, "other"), ({"lookup"}, "other")
    ]  # fmt: skip


def test_an_approval_is_by_someone_and_shows_the_call(rule_body):
    (choice,) = rule_body("require approve(by: manager, shows: args) before refund").evidence.choices
    assert (choice.by, choice.tests) == ("manager", (("shows", core.SameCall()),))


TESTS = {
    'order: "a"': [("order", "==", '"a"')],
    "amount: > 100": [("amount", ">", "100")],
    'order: in {"a", "b"}': [("order", "in", '{"a", "b"}')],
    'order: not in {"a", "b"}': [("order", "!=", '"a"'), ("order", "!=", '"b"')],
    'order: like "a*"': [("order", "like", '"a*"')],
    "order: matches /a+/": [("order", "matches", '"a+"')],
    'order: startswith "a"': [("order", "startswith", '"a"')],
    "amount: 100 + 5": [("amount", "==", "105")],
    "amount: -5": [("amount", "==", "-5")],
    "order: _": [],
    '"a", > 3': [("order", "==", '"a"'), ("amount", ">", "3")],
}


@pytest.mark.parametrize(("text", "wanted"), TESTS.items(), ids=TESTS.keys())
def test_patterns_become_tests(rule_body, text, wanted):
    (choice,) = rule_body(f"forbid refund({text})").event.choices
    assert [(name, test.op, phrase(test.value)) for name, test in choice.tests] == wanted


def test_patterns_inside_conditions_mean_the_same(rule_body):
    body = rule_body(
        "forbid refund(order: O) when last(lookup(name: O)).time < now or last(repay(order: _)).amount > 5"
    )
    (first, second) = [e.event for e in parts(body.condition) if isinstance(e, core.LastEvent)]
    ((name, test),), none = sorted((first.choices[0].tests, second.choices[0].tests), key=len, reverse=True)
    assert (name, test.op, test.value.kind, none) == ("name", "==", "binder", ())


def parts(expression):
    from wfcheck.dsl.walk import subexpressions

    return list(subexpressions(expression))


def test_a_library_of_policies_may_name_parameters_to_come(clean):
    made = clean("policy p { r: forbid flow question -> bank }")
    assert made.rules[0].body.sources == (core.ParameterEnd(None, "question", ()),)
    assert made.rules[0].workflows == ()


def test_a_decimal_argument_is_compared_with_an_exact_decimal(rule_body):
    (choice,) = rule_body("forbid refund(amount: > 100)").event.choices
    value = choice.tests[0][1].value
    assert (value.value, value.type) == (Fraction(100), DECIMAL)


def test_results_may_be_tested(rule_body):
    (choice,) = rule_body("forbid say after counter -> > 5").after.choices
    assert isinstance(choice.result, core.Compare)


# ---------------------------------------------------------------- allow, forbid


def test_the_allow_lines_of_a_principal_are_one_rule(clean):
    made = clean("""policy p {
      @severity(low)
      allow helper: refund(amount: < 5), lookup
      forbidden: forbid repay
      @severity(critical)
      allow helper: fetch when url startswith "https://a.example/"
      allow other: payers
    }""")
    assert [r.name for r in made.rules] == ["p.allow(helper)", "p.forbidden", "p.allow(other)"]
    helper = made.rules[0]
    assert [choices(g.event) for g in helper.body.grants] == [
        [("call", {"refund"})],
        [("call", {"lookup"})],
        [("call", {"fetch"})],
    ]
    assert [g.condition is not None for g in helper.body.grants] == [False, False, True]
    assert helper.severity == "critical"


def test_forbid_keeps_its_window(rule_body):
    body = rule_body("forbid refund when amount > 5 after fetch until approve(by: manager)")
    assert phrase(body.condition) == "amount > 5"
    assert choices(body.after) == [("call", {"fetch"})]
    assert choices(body.until) == [("approve", set())]
    assert rule_body("forbid refund after fetch for 24h").duration == timedelta(days=1)


def test_conditions_see_arguments_result_binders_registers_tables_and_the_clock(rule_body):
    body = rule_body(
        "forbid refund(order: O) when amount > spent and O in limits and limits[O].top < 5 and big(amount) and now > 2024-01-01T00:00Z"
    )
    kinds = {v.name: v.kind for v in variables(body.condition)}
    assert kinds == {"amount": "argument", "spent": "register", "O": "binder", "now": "now"}


def variables(expression):
    from wfcheck.dsl.walk import subexpressions

    return [e for e in subexpressions(expression) if isinstance(e, core.Variable)]


def test_same_refers_to_the_other_event(rule_body):
    (choice,) = rule_body("forbid repay(order: same) after refund").event.choices
    assert choice.tests == (("order", core.Same()),)


def test_binders_are_typed_by_their_argument(rule_body):
    body = rule_body('require lookup(name: N) before refund(order: N) when N != "a"')
    assert body.evidence.choices[0].tests == (("name", core.Bind("N")),)
    assert [(v.name, v.type) for v in variables(body.condition)] == [("N", TEXT)]


# ---------------------------------------------------------------- order


def test_before_keeps_since_bounds_and_for_each(rule_body):
    body = rule_body(
        'require lookup(name: x) since input(user) before refund for each x in split(order, ",") when x != "a" within 5 steps'
    )
    assert (body.binder, phrase(body.source)) == ("x", 'split(order, ",")')
    assert phrase(body.evidence.choices[0].tests[0][1].value) == "x"
    assert (body.within_steps, body.within_time) == (5, None)
    assert {v.kind for v in variables(body.condition)} == {"bound"}


def test_after_is_bounded_or_before_the_end(rule_body):
    assert rule_body("require say after refund within 24h").within_time == timedelta(days=1)
    body = rule_body("require say after refund before end")
    assert (body.within_steps, body.within_time) == (None, None)


def test_per_session_is_kept(rule):
    assert rule("r: require say before refund per session").per_session


# ---------------------------------------------------------------- flows


SOURCES = {
    "pii": [core.TagEnd(frozenset({"pii"}))],
    "{pii, web}": [core.TagEnd(frozenset({"pii"})), core.TagEnd(frozenset({"web"}))],
    "{via triage}": [core.TagEnd(frozenset({"via triage"}))],
    "model": [core.TagEnd(frozenset({"model"}))],
    "manager": [core.TagEnd(frozenset({"manager"}))],
    "tool(lookup)": [core.TagEnd(frozenset({"tool(lookup)"}))],
    "lookup": [core.ResultEnd("lookup", ())],
    "lookup[].email": [core.ResultEnd("lookup", ("[]", "email"))],
    "lookup.result[].email": [core.ResultEnd("lookup", ("[]", "email"))],
    "refund.order": [core.ArgumentEnd("refund", "order", ())],
    "refund.amount": [core.ResultEnd("refund", ("amount",)), core.ArgumentEnd("refund", "amount", ())],
    "notes": [core.StoreEnd("notes")],
    "request": [core.ParameterEnd(None, "request", ())],
    "decide": [core.AgentEnd("decide")],
}


@pytest.mark.parametrize(("text", "wanted"), SOURCES.items(), ids=SOURCES.keys())
def test_sources_of_flows(rule_body, text, wanted):
    assert list(rule_body(f"forbid flow {text} -> bank").sources) == wanted


SINKS = {
    "bank": [core.ChannelEnd(frozenset({"bank"}))],
    "external": [core.ChannelEnd(frozenset({"fetch2"}))],
    "refund.order": [core.ArgumentEnd("refund", "order", ())],
    "payers.order": [core.ArgumentEnd("refund", "order", ()), core.ArgumentEnd("repay", "order", ())],
    "notes": [core.StoreEnd("notes")],
    "manager": [core.PrincipalEnd("manager")],
    "decide": [core.AgentEnd("decide")],
    "{bank, notes}": [core.ChannelEnd(frozenset({"bank"})), core.StoreEnd("notes")],
}


@pytest.mark.parametrize(("text", "wanted"), SINKS.items(), ids=SINKS.keys())
def test_sinks_of_flows(clean, text, wanted):
    made = clean(
        WORKFLOW
        + "tool fetch2(q: text) -> text { effect read returns {web} }\n"
        + f"policy p {{ r: forbid flow pii -> {text} }}"
    )
    assert list(made.rules[0].body.sinks) == wanted


@pytest.mark.parametrize(("text", "subjects"), [("refund", {"refund"}), ("payers", {"refund", "repay"})])
def test_a_tool_as_sink_is_a_call(rule_body, text, subjects):
    (end,) = rule_body(f"forbid flow pii -> {text}").sinks
    assert choices(end.event) == [("call", subjects)]


def test_an_event_as_sink_keeps_its_tests(rule_body):
    (end,) = rule_body('forbid flow pii -> refund(order: "a") by helper').sinks
    assert (end.event.choices[0].by, len(end.event.choices[0].tests)) == ("helper", 1)


def test_flow_clauses(rule_body):
    body = rule_body(
        "forbid flow pii -> bank when influence meets {web, user} except via triage, approve explicit"
    )
    assert (body.influence, body.except_via, body.explicit) == ({"web", "user"}, {"triage", "approve"}, True)


# ---------------------------------------------------------------- from only


def test_from_only_lists_its_sources(rule_body):
    body = rule_body("require refund.order from only {user, lookup[].name, limits, request, via triage}")
    assert body.target == core.ArgumentEnd("refund", "order", ())
    assert [type(s.end).__name__ for s in body.sources] == [
        "TagEnd",
        "ResultEnd",
        "LiteralEnd",
        "ParameterEnd",
    ]
    assert all(s.via == {"triage"} for s in body.sources)


def test_where_a_field_is_argument_and_result_only_the_result_is_allowed(rule_body):
    body = rule_body("require repay.amount from only {refund.amount}")
    assert [s.end for s in body.sources] == [core.ResultEnd("refund", ("amount",))]


def test_gates_and_designations(rule):
    found = rule(
        "r: require refund.order from only {lookup[].name when input.text contains order, fetch.result when fetch.url from only {user}}"
    )
    gated, designated = found.body.sources
    assert phrase(gated.when) == "last(input).text contains order"
    assert designated.designated.target == core.ArgumentEnd("fetch", "url", ())
    assert found.heuristic


def test_decisions(rule_body):
    body = rule_body("require decision of refund from only {user, model}")
    assert choices(body.event) == [("call", {"refund"})]
    assert len(body.sources) == 2


# ---------------------------------------------------------------- limits


def test_sums_go_over_the_arguments_of_one_tool(rule_body):
    body = rule_body("limit sum(refund.amount * 2) <= 1_000.5 per refund.order per 24h when amount > 3")
    assert (body.kind, phrase(body.value), body.bound) == ("sum", "amount * 2", Fraction(2001, 2))
    assert [(s.kind, s.window, s.key and phrase(s.key)) for s in body.scopes] == [
        ("key", None, "order"), ("window", timedelta(days=1), None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "count({refund, repay})",
        "consecutive(fail(refund))",
        "bits(release(triage))",
        "distinct(refund.order)",
    ],
)
@pytest.mark.parametrize("scope", ["run", "session", "turn"])
def test_limits_have_kinds_and_scopes(rule_body, text, scope):
    body = rule_body(f"limit {text} <= 3 per {scope}")
    assert body.kind == text.split("(")[0]
    assert [s.kind for s in body.scopes] == [scope]


def test_a_group_may_be_summed(rule_body):
    body = rule_body("limit sum(payers.amount) <= 5 per run")
    assert (choices(body.event), phrase(body.value)) == ([("call", {"refund", "repay"})], "amount")


# ---------------------------------------------------------------- the rest


def test_always_and_distinct(rule_body):
    assert phrase(rule_body("always spent <= 500").condition) == "spent <= 500"
    assert choices(rule_body("always spent <= 500 when refund").event) == [("call", {"refund"})]
    assert len(rule_body("require distinct principals for refund, approve").events) == 2


def test_checks(clean):
    made = clean(
        WORKFLOW
        + """policy p {
      a: check no unused grants
      b: check no shadowed rules
      c: check no vacuous rules
      d: check no agent has {read({web}), emit(bank)}
      e: check effective(helper) at most effective(manager)
      f: check policy at most "main:p.wf"
      g: check depth(a) >= 2
      h: check depth(p.b) > 2
    }"""
    )
    found = [(r.body.kind, r.body.names, r.body.bound) for r in made.rules]
    assert found == [
        ("unused_grants", (), None), ("shadowed_rules", (), None), ("vacuous_rules", (), None), ("no_agent_has", (), None),
        ("effective_at_most", ("helper", "manager"), None), ("policy_at_most", ("main:p.wf",), None),
        ("depth", ("p.a",), 2), ("depth", ("p.b",), 3),
    ]  # fmt: skip


def test_open_groups_without_members_make_rules_not_applicable(rule):
    for text in (
        "forbid mails",
        "forbid flow pii -> mails",
        "forbid refund after mails",
        "require mails before refund",
    ):
        assert "`mails`" in rule("r: " + text).not_applicable


def test_the_text_layer_is_marked(rule):
    assert rule("r: forbid refund when not mentions(last(input).text, order)").heuristic
    assert rule('r: forbid refund when any earlier input: text contains "stop"').heuristic
    assert rule('r: forbid refund after input(user, text: contains "stop")').heuristic
    assert not rule("r: forbid refund after input(user)").heuristic


def test_scope_is_what_imports_the_policy_or_what_it_names(clean):
    text = (
        WORKFLOW
        + 'workflow second() { say "x" } policy p { a: forbid refund } policy q for second { b: forbid refund }'
    )
    assert [r.workflows for r in clean(text).rules] == [("main", "second"), ("second",)]


def test_documentation_and_annotations_are_kept(rule):
    found = rule('## Why.\n@severity(high) @risk("money")\nr: forbid refund')
    assert (found.doc, found.severity, found.annotations["risk"]) == ("Why.", "high", ("money",))


def test_tests_become_events_and_expectations(clean):
    made = clean(
        WORKFLOW
        + """policy p { r: forbid refund allow helper: refund }
    test "t" {
      input user "hello" at 12:00:05
      call refund(order: "1", amount: 5) by helper -> {id: "r", amount: 5}
      fail lookup
      approve refund(order: "1") by manager
      deny refund by manager
      message from helper to other ("hi")
      say "x"
      session
      run
      end
      expect violated p.r at 1
      expect ok
      expect insufficient p.r
      expect blocked p.allow(helper) at 1
      expect blame refund.paid at 1
      expect blame `complete-mediation` at 1
      expect reachable main: refund, say
      expect unreachable main: repay
    }"""
    )
    (test,) = made.tests
    assert [e.verb for e in test.events] == [
        "input",
        "call",
        "fail",
        "approve",
        "deny",
        "message",
        "say",
        "session",
        "run",
        "end",
    ]
    assert test.events[0].at == "12:00:05"
    assert test.events[1].arguments == (("order", "1"), ("amount", Fraction(5)))
    assert test.events[1].value == {"id": "r", "amount": Fraction(5)}
    assert (test.events[5].principal, test.events[5].to, test.events[5].arguments) == (
        "helper",
        "other",
        (("text", "hi"),),
    )
    assert [(e.kind, e.rule, e.index) for e in test.expectations] == [
        ("violated", "p.r", 1), ("ok", None, None), ("insufficient", "p.r", None), ("blocked", "p.allow(helper)", 1),
        ("blame", "refund.paid", 1), ("blame", "complete-mediation", 1), ("reachable", "main", None), ("unreachable", "main", None),
    ]  # fmt: skip


# ---------------------------------------------------------------- arguments by the name of their tool


@pytest.mark.parametrize(
    "written",
    [
        "forbid refund when {}amount > 5",
        "limit count(refund) <= 1 per run when {}amount > 5",
        "allow helper: refund when {}amount > 5",
        "require lookup before refund when {}amount > 5",
        "always {}amount > 5 when refund",
    ],
)
def test_an_argument_may_be_called_after_the_tool_that_is_judged(rule, written):
    def condition(prefix: str) -> str:
        body = rule("r: " + written.format(prefix)).body
        return phrase(body.grants[0].condition if isinstance(body, core.Allow) else body.condition)

    assert condition("refund.") == condition("") == "amount > 5"
