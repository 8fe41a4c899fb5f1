"""Workflow bodies become the core that they mean."""

from __future__ import annotations

import pytest

from wfcheck.dsl import core
from wfcheck.dsl.graph.lower import lower
from wfcheck.dsl.phrase import phrase
from wfcheck.dsl.types import INT, TEXT, ListType, OptionType, RefinedType
from wfcheck.dsl.walk import blocks, expressions, statements, target


def body(made, name="w"):
    return made.workflows[name].body


def shape(block):
    """The statements as (class, target) with their blocks."""
    return [(type(s).__name__, target(s), *(shape(inner) for inner in blocks(s))) for s in block]


def every(made, kind, name="w"):
    return [s for s in statements(body(made, name)) if isinstance(s, kind)]


def only(made, kind, name="w"):
    (found,) = every(made, kind, name)
    return found


def test_arguments_go_by_name_or_position_in_declaration_order(clean):
    made = clean(
        'workflow w() { refund("12", 5) refund(amount: 6, order: "13") repay("1", 2) repay("1", 2, "m") }'
    )
    names = [[name for name, _ in call.arguments] for call in every(made, core.Call)]
    assert names == [
        ["order", "amount"],
        ["order", "amount"],
        ["order", "amount"],
        ["order", "amount", "memo"],
    ]


def test_node_ids_count_in_source_order_and_nest_below_inlined_workflows(clean):
    made = clean(
        "workflow w() { x = v(1) say x } workflow v(n: int) -> int { if n > 1 { return 2 } return n }"
    )
    assert [s.id for s in statements(body(made))] == ["n1", "n1/n1", "n1/n2", "n1/n3", "n2"]


def test_steps_are_called_after_their_model_else_their_variable_else_their_tool(clean):
    made = clean("workflow w(t: text) { a = llm think(t) b = counter() counter() say a say text(b) }")
    assert [s.step for s in statements(body(made)) if isinstance(s, core.Llm | core.Call)] == [
        "think",
        "b",
        "counter",
    ]


def test_a_call_inside_an_expression_runs_before_it_in_evaluation_order(clean):
    made = clean("workflow w() { x = counter() - counter() say text(x) }")
    first, second, let, _ = body(made)
    assert isinstance(first, core.Call)
    assert isinstance(second, core.Call)
    assert [v.name for v in let.value.args] == [first.target, second.target]


def test_a_call_as_an_argument_of_a_call_is_a_step_before_it(clean):
    made = clean("workflow w(t: text) { refund(order: t, amount: decimal(counter())) }")
    assert [s.tool for s in body(made)] == ["counter", "refund"]


def test_else_if_nests(clean):
    made = clean('workflow w(n: int) { if n > 2 { say "a" } else if n > 1 { say "b" } else { say "c" } }')
    assert shape(body(made)) == [
        ("If", None, [("Say", None)], [("If", None, [("Say", None)], [("Say", None)])])
    ]


def test_match_on_an_enum_needs_no_test_for_the_last_case(clean):
    made = clean(
        'workflow w(d: Decision) { match d { case pay, refuse { say "a" } case escalate { say "b" } } }'
    )
    decision = only(made, core.If)
    assert phrase(decision.condition) == "d in {pay, refuse}"
    assert shape(decision.otherwise) == [("Say", None)]


def test_match_equals_the_same_ifs(clean):
    matched = clean(
        """workflow w(d: Decision) { match d { case pay { say "a" } case refuse { say "b" } case _ { say "c" } } }"""
    )
    tested = clean("""workflow w(d: Decision) {
      if d == pay { say "a" } else if d == refuse { say "b" } else { say "c" }
    }""")
    assert body(matched) == body(tested)


def test_match_on_an_option_binds_what_is_there(clean):
    made = clean('workflow w(t: text?) { match t { case none { say "no" } case x { say x } } }')
    decision = only(made, core.If)
    (let, _) = decision.otherwise
    assert (let.target, let.value.type) == ("x", TEXT)
    assert phrase(decision.condition) == "t == none"


def test_match_on_an_option_may_bind_first(clean):
    made = clean('workflow w(t: text?) { match t { case x { say x } case none { say "no" } } }')
    decision = only(made, core.If)
    assert phrase(decision.condition) == "t != none"
    assert shape(decision.then) == [("Let", "x"), ("Say", None)]


def test_match_on_a_computed_subject_computes_it_once(clean):
    made = clean(
        'workflow w() { match counter() + 1 { case 0 { say "a" } case 1 { say "b" } case n { say text(n) } } }'
    )
    assert len(every(made, core.Call)) == 1
    assert next(s for s in statements(body(made)) if isinstance(s, core.Let)).target.startswith("match#")


def test_a_large_match_is_a_balanced_tree(clean):
    members = ", ".join(f"m{i}" for i in range(400))
    cases = " ".join(f'case m{i} {{ say "{i}" }}' for i in range(400))
    made = clean(f"type Big = enum {{ {members} }} workflow w(b: Big) {{ match b {{ {cases} }} }}")
    assert len(every(made, core.Say)) == 400
    assert depth(body(made)) < 30


def depth(block) -> int:
    return 1 + max((depth(inner) for s in block for inner in blocks(s)), default=0)


def test_a_large_match_takes_each_case_for_its_value(clean):
    members = ", ".join(f"m{i}" for i in range(40))
    cases = " ".join(f'case m{i} {{ say "{i}" }}' for i in range(39)) + ' case _ { say "39" }'
    made = clean(f"type Big = enum {{ {members} }} workflow w(b: Big) {{ match b {{ {cases} }} }}")
    assert [said(body(made), f"m{i}") for i in range(40)] == [str(i) for i in range(40)]


def said(block, value):
    """What a tree of decisions over one enum says for a value."""
    (top,) = block
    while isinstance(top, core.If):
        assert isinstance(top.condition, core.Apply)
        wanted = top.condition.args[1].value
        taken = value in wanted if top.condition.op == "in" else value == wanted
        (top,) = top.then if taken else top.otherwise
    return top.value.value


def test_a_step_in_a_loop_condition_runs_before_each_test(clean):
    made = clean('workflow w() { repeat while counter() < 3 { say "x" } }')
    call, let, loop = body(made)
    assert (type(call), type(let), type(loop)) == (core.Call, core.Let, core.While)
    assert shape(loop.body)[1:] == [("Call", loop.body[1].target), ("Let", let.target)]
    assert isinstance(loop.condition, core.Variable)
    assert loop.condition.name == let.target


def test_loops_keep_their_bounds_and_invariants(clean):
    made = clean("""workflow w(xs: list<text>) {
      n = 0
      for x in xs max 10 { say x }
      repeat max 5 while n < 3 invariant low: n >= 0 { n = n + 1 }
    }""")
    assert only(made, core.For).maximum == 10
    loop = only(made, core.While)
    assert (loop.maximum, [i.name for i in loop.invariants]) == (5, [f"{loop.id}.low"])


def test_for_goes_through_the_keys_of_a_map(clean):
    made = clean("workflow w(m: map<text, int>) { for k in m { say k } }")
    loop = only(made, core.For)
    assert (loop.item, phrase(loop.source), loop.source.type) == ("k", "keys(m)", ListType(TEXT))


def test_an_inlined_workflow_keeps_names_sources_contracts_and_principal(clean):
    made = clean("""
      workflow w(t: text) as helper { a = v(t) b = v("x") say a say b }
      workflow v(q: text from {user}) as manager -> text requires length(q) > 0 ensures known: length(result) > 0 {
        return q
      }""")
    first, second = every(made, core.Scope)
    assert first.parameters[0][0] == "v.q"
    assert second.parameters[0][0] == "v~2.q"
    assert first.sources == (("v.q", frozenset({"user"})),)
    assert (first.principal, first.target, first.type) == ("manager", "a", TEXT)
    assert [c.name for c in (*first.requires, *first.ensures)] == ["v.requires1", "v.known"]
    assert phrase(first.requires[0].condition) == "length(v.q) > 0"


def test_an_optional_parameter_of_an_inlined_workflow_may_be_left_out(clean):
    made = clean("workflow w() { v() } workflow v(t: text?) { if t != none { say t } }")
    scope = only(made, core.Scope)
    assert scope.parameters[0][1].value is None


def test_agents_know_their_tools_conditions_and_hidden_results(clean):
    made = clean("""workflow w(t: text, top: decimal) as helper {
      x = agent worker(t) as other may { refund when amount < top, lookup, say, ask } hides { lookup } max 8 steps
          -> text ensures short: length(result) < 9
      say x
    }""")
    agent = only(made, core.Agent)
    assert [(m.act, m.tool) for m in agent.may] == [
        ("tool", "refund"),
        ("tool", "lookup"),
        ("say", None),
        ("ask", None),
    ]
    kinds = {v.name: v.kind for v in agent.may[0].condition.args}
    assert kinds == {"amount": "argument", "top": "local"}
    assert (agent.hides, agent.maximum, agent.principal, agent.type) == (
        frozenset({"lookup"}),
        8,
        "other",
        TEXT,
    )
    assert agent.ensures[0].name == "worker.short"


def test_a_tool_called_like_an_act_is_meant_in_may(clean):
    made = clean("""tool send(body: text) { effect write }
    workflow w(t: text) { agent a(t) may { send when body != "x", say } max 2 steps }""")
    assert [(m.act, m.tool) for m in only(made, core.Agent).may] == [("tool", "send"), ("say", None)]


def test_a_group_of_tools_may_be_allowed(clean):
    made = clean("workflow w(t: text) { agent a(t) may { payers when amount < 5 } max 2 steps }")
    assert [m.tool for m in only(made, core.Agent).may] == ["refund", "repay"]


def test_approve_binds_a_call_and_what_is_shown(clean):
    made = clean("""workflow w(t: text) {
      approve refund(amount: 5, order: t) by manager shows t within 24h else { say "no" }
      approve by manager shows t within 3 steps
    }""")
    bound, free = every(made, core.Approve)
    assert ([n for n, _ in bound.arguments], bound.tool) == (["order", "amount"], "refund")
    assert bound.within_time is not None
    assert bound.within_time.total_seconds() == 86400
    assert (free.tool, free.within_steps, free.otherwise) == (None, 3, None)


def test_stores_take_and_give_what_they_hold(clean):
    made = clean("""workflow w(t: text) {
      remember t into notes
      remember 3 into prefs[t]
      remember t into single
      remember {customer: "c", line: t} into logs
      remember {customer: "c", line: t} into logs["c"]
      a = recall notes
      b = recall notes where it startswith "x"
      c = recall prefs[t]
      d = recall logs["c"]
      if c != none { say text(length(a) + length(b) + c + length(d)) }
    }""")
    remembered = every(made, core.Remember)
    assert [phrase(r.key) if r.key else None for r in remembered][:3] == [None, "t", None]
    assert phrase(remembered[3].key) == '{customer: "c", line: t}.customer'
    recalled = every(made, core.Recall)
    assert [r.type for r in recalled][:3] == [ListType(TEXT), ListType(TEXT), OptionType(INT)]


def test_a_variable_that_is_assigned_again_loses_its_refinement(clean):
    made = clean("""
      type Small = { n: int where it < 5 }
      workflow w(s: Small, t: Small) { once = s.n twice = s.n twice = t.n + 100 say text(once + twice) }""")
    kinds = {v.name: v.type for s in statements(body(made)) for e in expressions(s) for v in locals_in(e)}
    assert isinstance(kinds["once"], RefinedType)
    assert kinds["twice"] == INT


def locals_in(expression):
    from wfcheck.dsl.walk import subexpressions

    return [v for v in subexpressions(expression) if isinstance(v, core.Variable)]


def test_options_lose_their_option_where_none_is_excluded(clean):
    clean("""workflow w(a: text?, b: text?) {
      if a != none and b != none { say a say b }
      if a == none { stop }
      say a
    }""")


def test_an_option_that_was_just_assigned_a_value_has_one(clean):
    clean('workflow w(a: text?) { b = a b = "x" say upper(b) }')


def test_retry_and_parallel_keep_their_blocks(clean):
    made = clean("""workflow w(t: text) {
      retry 3 { r = refund(t, 1) say r.id } on error { say "failed" }
      parallel { branch { x = fetch("https://a.example") } branch { y = fetch("https://b.example") } }
      say x say y
    }""")
    assert only(made, core.Retry).attempts == 3
    assert [len(b) for b in only(made, core.Parallel).branches] == [1, 1]


def test_messages_questions_and_ends(clean):
    made = clean("""workflow w(t: text) as helper -> bool {
      send t, 5 to other
      m = receive from other -> text
      say m
      ok = ask manager "sure?" -> bool
      if not ok { stop "no" }
      return ok
    }""")
    assert only(made, core.Send).principal == "other"
    assert only(made, core.Receive).type == TEXT
    assert only(made, core.Stop).reason == "no"
    assert only(made, core.Return).value is not None


def test_workflow_clauses_are_kept(clean):
    made = clean("""
      workflow w(t: text from {user, email}) as helper guarded once per session -> int
        requires length(t) > 0 ensures fine: result > 0 and length(t) > 0 { return 1 }""")
    workflow = made.workflows["w"]
    assert (workflow.principal, workflow.guarded, workflow.once_per_session, workflow.result) == (
        "helper",
        True,
        True,
        INT,
    )
    assert workflow.parameters[0].sources == {"user", "email"}
    assert [c.name for c in (*workflow.requires, *workflow.ensures)] == ["w.requires1", "w.fine"]


@pytest.mark.parametrize("text", ["workflow w() { }", "workflow w(t: text) { say t }"])
def test_every_elaborated_workflow_has_a_graph(clean, text):
    made = clean(text)
    assert lower(made.workflows["w"], made).nodes
