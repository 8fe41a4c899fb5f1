"""Dynamic labels of single runs, computed by hand from the label rules, one statement kind after another."""

from __future__ import annotations

import pytest
from generators import build as b

from wfcheck.checker.reference.interpreter import NotARunError, Run, run, run_sessions
from wfcheck.checker.reference.oracle import (
    AskUser,
    CallTool,
    Failed,
    Finish,
    Handle,
    SayText,
    ScriptedOracle,
)
from wfcheck.checker.reference.values import joined, total
from wfcheck.dsl import core, types

MAIL = types.RecordType("Mail", (("from", b.TEXT), ("body", b.TEXT)))
TOOLS = (
    b.tool("get_text", {}, b.TEXT, returns={"email"}),
    b.tool("get_flag", {}, b.BOOL, returns={"pii"}),
    b.tool("get_bit", {}, b.BOOL, returns={"email"}),
    b.tool("get_mail", {}, MAIL, returns={("body",): {"email"}}),
    b.tool("get_mails", {}, types.ListType(MAIL), returns={("[]", "body"): {"email"}, (): {"pii"}}),
    b.tool("get_names", {}, types.ListType(b.TEXT), returns={("[]",): {"email"}}),
    b.tool("post", {"to": b.TEXT, "body": b.TEXT}, b.TEXT, effect=core.Effect.IRREVERSIBLE, emits="out"),
    b.tool("note", {"text": b.TEXT}, b.TEXT, independent=frozenset({"text"}), writes=frozenset({"memo"})),
    b.tool("look", {}, b.TEXT, reads=frozenset({"memo"})),
)
PRINCIPALS = (b.principal("boss", trusts={"email"}), b.principal("clerk"))
RELEASES = (b.release("judge", {"email", "model"}, "boss"),)
STORES = (b.store("memo", types.ListType(b.TEXT)), b.store("kept", b.TEXT, partition="who"))


def execute(body: list[core.Statement], parameters: tuple[core.Param, ...] = (), **answers: object) -> Run:
    """Run a body; answers by `n1` (first instance), `n1_2` (third), or parameter name."""
    workflow = b.workflow("w", body, parameters)
    return run(program(workflow), workflow, ScriptedOracle(keys(answers)))


def program(*workflows: core.Workflow) -> core.Program:
    """All declarations of this file."""
    return b.program(
        tools=TOOLS, principals=PRINCIPALS, releases=RELEASES, stores=STORES, workflows=workflows
    )


def keys(answers: dict[str, object]) -> dict[tuple[object, ...], object]:
    """Script keys."""
    made: dict[tuple[object, ...], object] = {}
    for name, value in answers.items():
        site, _, rest = name.partition("_")
        known = site.startswith("n") and site[1:].isdigit()
        numbers = tuple(int(part) if part.isdigit() else part for part in rest.split("_") if part)
        made[(site, *(numbers or (0,))) if known else ("parameter", name)] = value
    return made


def label(done: Run, name: str) -> set[str]:
    """All tags of a variable at the end."""
    return set(total(done.variables[name]))


def sent(done: Run, index: int = 0) -> dict[str, list[str]]:
    """The argument labels of the n-th call of `post`."""
    calls = [e for e in done.events if e.kind == "call" and e.tool == "post"]
    assert calls[index].argument_labels is not None
    return calls[index].argument_labels


def test_a_literal_has_no_tag_and_a_result_those_it_returns() -> None:
    m = b.Maker()
    done = execute([m.let("x", "hello"), m.call("get_text", "y"), m.let("z", b.op("+", "$x", "$y"))])
    assert label(done, "x") == set()
    assert label(done, "y") == label(done, "z") == {"email"}


def test_fields_keep_their_own_labels() -> None:
    m = b.Maker()
    done = execute([m.call("get_mail", "mail"), m.let("f", "$mail.from"), m.let("t", "$mail.body")])
    assert label(done, "f") == set()
    assert label(done, "t") == {"email"}


def test_a_result_has_the_labels_of_its_arguments_but_for_independent_ones() -> None:
    m = b.Maker()
    done = execute(
        [m.call("get_text", "t"), m.call("post", "s", to="a", body="$t"), m.call("note", "n", text="$t")]
    )
    assert label(done, "s") == {"email"}
    assert label(done, "n") == set()


def test_a_writing_tool_labels_its_store_and_a_reading_one_gets_it() -> None:
    m = b.Maker()
    done = execute([m.call("get_text", "t"), m.call("note", "n", text="$t"), m.call("look", "l")])
    assert label(done, "l") == {"email"}


def test_an_answer_of_a_model_has_all_of_its_context() -> None:
    m = b.Maker()
    done = execute([m.call("get_flag", "f"), m.llm("x", "$f", type_=b.BOOL)])
    assert label(done, "x") == {"model", "pii"}
    assert done.events[-2].argument_labels == {"context": ["pii"], "": []}


@pytest.mark.parametrize("taken", [True, False])
def test_both_arms_of_a_branch_count(taken: bool) -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.let("x", 0),
        m.let("y", 0),
        m.if_("$f", [m.let("x", 1)], [m.call("post", to="a", body="b")]),
        m.let("y", 2),
    ]
    done = execute(body, n1=taken)
    assert label(done, "x") == {"pii"}
    assert label(done, "y") == set()
    if not taken:
        assert sent(done) == {"to": ["pii"], "body": ["pii"], "": ["pii"]}
    assert done.memory.channels["out"] == {"pii"}


@pytest.mark.parametrize("stops", [True, False])
def test_after_a_branch_that_may_stop_everything_is_decided_by_it(stops: bool) -> None:
    m = b.Maker()
    body = [m.call("get_flag", "f"), m.if_("$f", [m.stop()]), m.call("post", to="a", body="b")]
    done = execute(body, n1=stops)
    assert done.outcome == ("stopped" if stops else "completed")
    assert done.memory.channels["out"] == {"pii"}
    assert stops or sent(done) == {"to": ["pii"], "body": ["pii"], "": ["pii"]}


def test_a_stop_in_a_nested_arm_raises_what_follows_the_outer_branch() -> None:
    m = b.Maker()
    inner = m.if_("$g", [m.stop()])
    body = [
        m.call("get_flag", "f"),
        m.call("get_bit", "g"),
        m.if_("$f", [inner]),
        m.call("post", to="a", body="b"),
    ]
    assert sent(execute(body, n3=True, n4=False))[""] == ["email", "pii"]
    assert sent(execute(body, n3=False, n4=False))[""] == ["pii"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_loop_over_a_list_has_the_label_of_its_length(count: int) -> None:
    m = b.Maker()
    mail = {"from": "f", "body": "t"}
    body = [
        m.call("get_mails", "ms"),
        m.let("x", 0),
        m.for_("i", "$ms", [m.let("x", 1), m.let("d", "$i.from")]),
    ]
    done = execute(body, n1=(mail,) * count)
    assert label(done, "x") == {"pii"}
    assert count == 0 or label(done, "d") == {"pii"}


def test_elements_do_not_label_the_loop() -> None:
    m = b.Maker()
    body = [m.call("get_names", "ns"), m.let("x", 0), m.for_("i", "$ns", [m.let("x", 1), m.let("d", "$i")])]
    done = execute(body, n1=("a",))
    assert label(done, "x") == set()
    assert label(done, "d") == {"email"}


def test_a_list_longer_than_the_maximum_ends_the_run_abnormally() -> None:
    m = b.Maker()
    body = [m.for_("i", (1, 2, 3), [m.let("x", "$i")], maximum=2)]
    done = execute(body)
    assert (done.outcome, done.events[-1].error) == ("abnormal", "the loop would run more than 2 times")
    assert execute([m.for_("i", (1, 2), [m.let("x", "$i")], maximum=2)]).outcome == "completed"


def test_a_condition_seen_once_counts_for_the_rest_of_the_loop() -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.let("again", True),
        m.let("x", 0),
        m.while_(b.op("and", "$again", "$f"), [m.let("again", False), m.let("x", 1)]),
        m.let("y", 1),
    ]
    for first in (True, False):
        done = execute(body, n1=first)
        assert label(done, "x") == {"pii"}
        assert label(done, "y") == set()


def test_a_leak_that_needs_five_turns_shows_in_the_fifth() -> None:
    m = b.Maker()
    names = ["a", "b", "c", "d", "e"]
    shift = [m.let(t, f"${s}") for t, s in zip(names[::-1], names[-2::-1], strict=False)]
    body = [
        *(m.let(n, "") for n in names),
        m.let("i", 0),
        m.call("get_text", "secret"),
        m.while_(
            b.op("<", "$i", 5),
            [
                m.call("post", to="x", body="$e"),
                *shift,
                m.let("a", "$secret"),
                m.let("i", b.op("+", "$i", 1)),
            ],
        ),
        m.call("post", to="x", body="$e"),
    ]
    done = execute(body)
    assert [sent(done, n)["body"] for n in range(6)] == [[], [], [], [], [], ["email"]]


def test_an_approval_leaves_the_approver_the_untrusted_and_a_residue() -> None:
    m = b.Maker()
    body = [
        m.call("get_text", "t"),
        m.approve("clerk", "post", to="a", body="$t"),
        m.call("post", to="a", body="$t"),
    ]
    done = execute(body)
    assert sent(done)[""] == ["clerk", "email", "via approve"]
    trusted = execute([m.call("get_text", "t"), m.approve("boss", "post", to="a", body="$t"), m.call("look")])
    call = [e for e in trusted.events if e.kind == "call"][-1]
    assert call.argument_labels == {"": ["boss", "via approve"]}


def test_a_refusal_stops_the_run_unless_there_is_an_else() -> None:
    m = b.Maker()
    refused = execute([m.approve("boss", "post", to="a", body="b"), m.call("look")], n1=False)
    assert (refused.outcome, refused.reason) == ("stopped", "refused")
    assert [e.kind for e in refused.events] == ["deny", "end"]
    m = b.Maker()
    body = [
        m.let("x", 0),
        m.approve("boss", "post", to="a", body="b", otherwise=[m.let("x", 1)]),
        m.call("look"),
    ]
    for answer in (True, False):
        done = execute(body, n3=answer)
        assert label(done, "x") == {"boss", "via approve"}
        assert next(e for e in done.events if e.kind == "call").argument_labels == {"": []}


def test_a_release_removes_its_tags_and_leaves_its_residue() -> None:
    m = b.Maker()
    body = [m.call("get_mail", "t"), m.call("get_flag", "f"), m.release("judge", "v", x=b.lit(1))]
    assert label(execute(body), "v") == {"via judge"}
    m = b.Maker()
    both = b.op("+", "$t", "$u")
    body = [m.call("get_text", "t"), m.llm("u", "$t"), m.release("judge", "v", x=both)]
    assert label(execute(body), "v") == {"via judge"}
    m = b.Maker()
    body = [m.call("get_text", "t"), m.call("get_flag", "f"), m.if_("$f", [m.release("judge", "v", x="$t")])]
    assert label(execute(body, n2=True), "v") == {"via judge", "pii"}


def test_a_release_under_a_decision_that_it_removes_keeps_the_decision() -> None:
    m = b.Maker()
    body = [m.call("get_bit", "g"), m.if_("$g", [m.release("judge", "v", x="$g")])]
    assert label(execute(body, n1=True), "v") == {"via judge", "email"}


def test_an_inlined_return_reaches_no_further_than_its_workflow() -> None:
    m = b.Maker()
    inner = [m.if_("$p", [m.return_(1)]), m.call("post", to="a", body="b"), m.return_(2)]
    body = [m.call("get_flag", "f"), m.scope("sub", "r", inner, p="$f"), m.call("look")]
    done = execute(body, n4=False)
    assert sent(done)[""] == ["pii"]
    assert label(done, "r") == {"pii"}
    assert [e for e in done.events if e.kind == "call"][-1].argument_labels == {"": []}
    early = execute(body, n4=True)
    assert label(early, "r") == {"pii"}
    assert early.memory.channels["out"] == {"pii"}


def test_events_of_an_inlined_workflow_belong_to_its_principal() -> None:
    m = b.Maker()
    done = execute([m.scope("sub", None, [m.call("look")], principal="clerk"), m.call("look")])
    assert [e.actor for e in done.events if e.kind == "call"] == ["clerk", "user"]


def test_a_second_attempt_is_decided_by_the_calls_of_the_first() -> None:
    m = b.Maker()
    body = [
        m.let("x", 0),
        m.retry(2, [m.call("post", to="a", body="b"), m.call("get_text", "t"), m.let("x", 1)]),
        m.let("y", 0),
    ]
    done = execute(body, n3_0=Failed("no"), n3_1="mail")
    assert [sent(done, n)[""] for n in (0, 1)] == [[], ["email"]]
    assert label(done, "x") == {"email"}
    assert label(done, "y") == set()
    assert done.outcome == "completed"


def test_a_handler_runs_under_what_failed_and_bindings_are_undone() -> None:
    m = b.Maker()
    body = [
        m.let("x", 0),
        m.retry(1, [m.let("x", 1), m.call("get_text", "t")], [m.call("post", to="a", body="b")]),
        m.let("z", "$x"),
    ]
    done = execute(body, n3=Failed())
    assert sent(done)[""] == ["email"]
    assert done.outcome == "completed"
    assert done.variables["z"] == done.variables["x"]
    assert label(done, "x") == {"email"}


def test_what_follows_a_call_in_a_handled_attempt_is_decided_by_its_success() -> None:
    m = b.Maker()
    body = [
        m.retry(1, [m.call("get_text", "t"), m.call("post", to="a", body="b")], [m.let("q", 1)]),
        m.call("look"),
    ]
    done = execute(body)
    assert sent(done)[""] == ["email"]
    assert [e for e in done.events if e.kind == "call"][-1].argument_labels == {"": []}


def test_an_unhandled_failure_ends_abnormally() -> None:
    m = b.Maker()
    done = execute([m.call("get_text", "t"), m.call("look")], n1=Failed("no"))
    assert (done.outcome, [e.kind for e in done.events]) == ("abnormal", ["call", "fail", "end"])
    assert done.events[-1].error is not None


def test_messages_grow_the_inbox_of_their_receiver() -> None:
    m = b.Maker()
    sender = b.workflow("s", [m.call("get_text", "t"), m.send("clerk", "$t")], principal="boss")
    m = b.Maker()
    receiver = b.workflow("r", [m.receive("x", "boss"), m.call("post", to="a", body="$x")], principal="clerk")
    done = run_sessions(
        program(sender, receiver), [(sender, ScriptedOracle({("n1", 0): "hi"})), (receiver, ScriptedOracle())]
    )
    call = next(e for e in done.events if e.tool == "post" and e.kind == "call")
    assert call.arguments["body"] == "hi"
    assert call.argument_labels == {"to": [], "body": ["email"], "": []}
    assert [e.session for e in done.events if e.kind == "end"] == ["s1", "s2"]
    assert [e.seq for e in done.events] == list(range(len(done.events)))


def test_an_answer_has_the_label_of_who_answers() -> None:
    m = b.Maker()
    done = execute([m.ask("x", "why?"), m.ask("y", "sure?", "boss")], n1="so", n2="yes")
    assert label(done, "x") == {"user"}
    assert label(done, "y") == {"boss"}
    assert [(e.kind, e.text) for e in done.events[:2]] == [("ask", "why?"), ("input", "so")]


def test_a_store_carries_labels_into_the_next_session() -> None:
    m = b.Maker()
    body = [
        m.recall("old", "memo"),
        m.call("post", to="a", body="x"),
        m.call("get_text", "t"),
        m.remember("memo", "$t"),
    ]
    workflow = b.workflow("w", body)
    entries = [(workflow, ScriptedOracle({("n3", 0): "m"}))] * 2
    runs = run_sessions(program(workflow), entries).runs
    assert [joined(r.variables["old"]) for r in runs] == [frozenset(), {"email"}]
    recalls = [e for r in runs for e in r.events if e.kind == "recall"]
    assert [e.result for e in recalls] == [[], ["m"]]


def test_not_remembering_in_an_arm_is_remembered() -> None:
    m = b.Maker()
    workflow = b.workflow(
        "w", [m.call("get_flag", "f"), m.if_("$f", [m.remember("memo", "x")]), m.recall("z", "memo")]
    )
    for flag in (True, False):
        done = run(program(workflow), workflow, ScriptedOracle({("n1", 0): flag}))
        assert label(done, "z") == {"pii"}


def test_a_partition_counts_alone_only_under_a_literal_key() -> None:
    m = b.Maker()
    start = [m.call("get_text", "t"), m.remember("kept", "$t", key="a"), m.remember("kept", "no", key="b")]
    reads = [
        m.recall("x", "kept", key="a"),
        m.recall("y", "kept", key="b"),
        m.let("k", "b"),
        m.recall("z", "kept", key="$k"),
    ]
    done = execute([*start, *reads], n1="mail")
    assert [label(done, n) for n in "xyz"] == [{"email"}, set(), {"email"}]
    assert [e.result for e in done.events if e.kind == "recall"] == ["mail", "no", "no"]


def test_recall_where_adds_the_label_of_its_condition() -> None:
    m = b.Maker()
    where = b.op("!=", b.var("it", "it"), "$t")
    body = [
        m.remember("memo", "a"),
        m.remember("memo", "b"),
        m.call("get_text", "t"),
        m.recall("x", "memo", where=where),
    ]
    done = execute(body, n3="a")
    assert label(done, "x") == {"email"}
    assert done.events[-2].result == ["b"]


def test_parallel_branches_interleave_as_the_oracle_says() -> None:
    m = b.Maker()
    node = m.parallel([m.call("look", "x")], [m.call("get_text", "y")])
    alternating = {(node.id, 0, "schedule", step): step % 2 for step in range(6)}
    workflow = b.workflow("w", [node])
    done = run(program(workflow), workflow, ScriptedOracle(alternating))
    assert [(e.kind, e.tool) for e in done.events[:-1]] == [
        ("call", "look"),
        ("call", "get_text"),
        ("result", "look"),
        ("result", "get_text"),
    ]
    plain = run(program(workflow), workflow, ScriptedOracle())
    assert [e.tool for e in plain.events[:-1]] == ["look", "look", "get_text", "get_text"]


def agent_run(acts: list[object], **options: object) -> Run:
    """One region over all tools, with these acts; a text result `r`."""
    m = b.Maker()
    may = ["get_text", "get_flag", "post", "look", "say", "ask"]
    body = [m.call("get_bit", "g"), m.agent("bot", may, "$g", target="r", maximum=4, **options)]  # type: ignore[arg-type]
    script = {("n2", 0, step): act for step, act in enumerate(acts)}
    return execute_script(body, script)


def execute_script(body: list[core.Statement], script: dict[tuple[object, ...], object]) -> Run:
    """Run a body on a script."""
    workflow = b.workflow("w", body)
    return run(program(workflow), workflow, ScriptedOracle(script))


def test_an_agent_knows_its_context_and_what_it_saw() -> None:
    send = CallTool("post", {"to": "a", "body": "b"})
    done = agent_run([send, CallTool("get_flag", {}), send, Finish("x")])
    assert sent(done, 0) == {"to": ["email", "model"], "body": ["email", "model"], "": ["email", "model"]}
    assert sent(done, 1)[""] == ["email", "model", "pii"]
    assert label(done, "r") == {"email", "model", "pii"}
    assert [e.agent for e in done.events if e.kind == "call"] == [None, "bot", "bot", "bot"]


def test_a_hidden_result_keeps_its_label_and_its_handle_adds_the_agents() -> None:
    send = CallTool("post", {"to": "a", "body": Handle(0)})
    done = agent_run([CallTool("get_text", {}), send, Finish("")], hides={"get_text"})
    assert sent(done) == {"to": ["email", "model"], "body": ["email", "model"], "": ["email", "model"]}
    m = b.Maker()
    body = [m.agent("bot", ["get_text", "post"], target="r", hides={"get_text", "post"})]
    acts = {("n1", 0, 0): CallTool("get_text", {}), ("n1", 0, 1): send}
    hidden = execute_script(body, acts)
    assert sent(hidden) == {"to": ["model"], "body": ["email", "model"], "": ["model"]}
    assert label(hidden, "r") == {"model"}


def test_an_answer_to_an_agent_joins_what_it_knows() -> None:
    done = agent_run([AskUser("q"), SayText("a"), Finish("")])
    said = next(e for e in done.events if e.kind == "say")
    assert said.labels == ["email", "model", "user"]


def test_an_agent_may_only_do_what_it_may() -> None:
    with pytest.raises(NotARunError):
        agent_run([CallTool("note", {"text": "x"})])
    with pytest.raises(NotARunError):
        agent_run([CallTool("post", {"to": 3, "body": "b"})])
    with pytest.raises(NotARunError):
        agent_run([Finish(Handle(3))])


def test_running_out_of_steps_is_no_normal_end() -> None:
    done = agent_run([CallTool("look", {})] * 5)
    assert done.outcome == "abnormal"
    assert len([e for e in done.events if e.kind == "call"]) == 1 + 4


def test_a_delegation_acts_for_its_own_principal_under_the_callers_step() -> None:
    done = agent_run([CallTool("look", {}), Finish("")], principal="clerk")
    step = next(e for e in done.events if e.kind == "step")
    call = [e for e in done.events if e.kind == "call"][-1]
    assert (step.actor, call.actor, call.parent) == ("user", "clerk", step.id)


def test_parameters_have_their_sources_or_every_tag() -> None:
    m = b.Maker()
    done = execute(
        [m.let("x", "$p"), m.let("y", "$q")],
        (b.param("p", sources={"user"}), b.param("q", sources=None)),
        p="hi",
    )
    assert label(done, "x") == {"user"}
    assert {"pii", "email", "model", "boss", "tool(post)"} <= label(done, "y")
    assert [(e.kind, e.text, e.step) for e in done.events[:1]] == [("input", "hi", "p")]


def test_explicit_labels_leave_out_decisions() -> None:
    m = b.Maker()
    body = [
        m.call("get_flag", "f"),
        m.call("get_text", "t"),
        m.if_("$f", [m.call("post", to="a", body="$t")]),
    ]
    workflow = b.workflow("w", body)
    done = run(program(workflow), workflow, ScriptedOracle({("n1", 0): True}), explicit=True)
    assert sent(done) == {"to": [], "body": ["email"], "": []}


def test_fuel_ends_an_endless_loop() -> None:
    m = b.Maker()
    workflow = b.workflow("w", [m.while_(True, [m.call("look")])])
    done = run(program(workflow), workflow, ScriptedOracle(), fuel=100)
    assert done.outcome == "out-of-fuel"
    assert done.events[-1].kind != "end"


def test_a_long_else_if_chain_does_not_overflow() -> None:
    m = b.Maker()
    chain: list[core.Statement] = [m.let("x", 0)]
    for _ in range(400):
        chain = [m.if_(False, [m.let("x", 1)], chain)]
    done = execute(chain)
    assert done.outcome == "completed"


def test_a_run_is_deterministic() -> None:
    first = agent_run([CallTool("get_flag", {}), AskUser("q"), Finish("x")])
    second = agent_run([CallTool("get_flag", {}), AskUser("q"), Finish("x")])
    assert first.events == second.events
