"""The typed DAG, from hand-built core programs."""

from __future__ import annotations

import random
import time

import networkx as nx
import pytest

from wfcheck.checker.graph import to_networkx
from wfcheck.dsl import core
from wfcheck.dsl.graph.dag import Graph
from wfcheck.dsl.graph.lower import lower
from wfcheck.dsl.source import Span
from wfcheck.dsl.types import ANY, BOOL, TEXT, ListType, RecordType

AT = Span("w.wf", 0, 1, 1, 1, 1, 2)
MAIL = RecordType("Mail", (("body", TEXT), ("sender", TEXT)))


def var(name, type_=TEXT):
    return core.Variable(name, "local", type_, span=AT)


def lit(value=True, type_=BOOL):
    return core.Literal(value, type_, span=AT)


def field(base, name):
    return core.Field(base, name, TEXT, span=AT)


def let(identifier, target, value=None):
    return core.Let(identifier, target, value if value is not None else lit("a", TEXT), span=AT)


def tool(name, reads=(), writes=()):
    return core.Tool(
        name, (), ANY, core.Effect.READ, frozenset(reads), frozenset(writes), (), (), (), (), frozenset(), (), (), (),
        False, True, True, True, span=AT,
    )  # fmt: skip


def call(identifier, name, target=None, **arguments):
    return core.Call(identifier, name, target, name, tuple(arguments.items()), span=AT)


def branch(identifier, condition, then=(), otherwise=()):
    return core.If(identifier, condition, tuple(then), tuple(otherwise), span=AT)


def loop(identifier, item, source, *body):
    return core.For(identifier, item, source, None, tuple(body), span=AT)


def program(*tools):
    return core.Program(
        (), (), {}, {}, {}, {}, {}, {t.symbol: t for t in tools}, {}, {}, {}, (), {}, (), ()
    )  # fmt: skip


def graph_of(*body, tools=(), parameters=()):
    params = tuple(core.Param(p, TEXT, False, None, span=AT) for p in parameters)
    workflow = core.Workflow("w", "w.wf", params, None, False, False, ANY, (), (), tuple(body), span=AT)
    return lower(workflow, program(*tools))


def edges(graph: Graph, kind="data", carried=None):
    return {
        (e.source, e.target, e.carries)
        for e in graph.edges
        if e.kind == kind and (carried is None or e.carried == carried)
    }


def acyclic(graph: Graph) -> bool:
    view = to_networkx(graph)
    view.remove_edges_from([(s, t, k) for s, t, k, c in view.edges(keys=True, data="carried") if c])
    return nx.is_directed_acyclic_graph(view)


def test_data_edges_carry_the_field_path_that_is_read():
    graph = graph_of(
        let("n1", "m", var("p", MAIL)), let("n2", "x", field(var("m", MAIL), "body")), parameters=["p"]
    )
    assert edges(graph) == {("parameter:p", "n1", "p"), ("n1", "n2", "m.body")}


def test_a_use_after_a_branch_is_reached_from_both_arms():
    graph = graph_of(
        let("n1", "x"), branch("n2", lit(), [let("n3", "x")], [let("n4", "x")]), let("n5", "y", var("x"))
    )
    assert edges(graph) == {("n3", "n5", "x"), ("n4", "n5", "x")}


def test_an_arm_that_assigns_nothing_keeps_the_old_definition():
    graph = graph_of(let("n1", "x"), branch("n2", lit(), [let("n3", "x")]), let("n4", "y", var("x")))
    assert edges(graph) == {("n1", "n4", "x"), ("n3", "n4", "x")}


def test_control_edges_name_the_arm():
    graph = graph_of(branch("n1", lit(), [let("n2", "x")], [let("n3", "x")]), let("n4", "y"))
    assert edges(graph, "control") == {
        ("entry", "n1", "start"),
        ("n1", "n2", "then"),
        ("n1", "n3", "else"),
        ("entry", "n4", "start"),
    }


def test_what_follows_a_possible_stop_depends_on_its_condition():
    stop = core.Stop("n2", None, span=AT)
    graph = graph_of(branch("n1", lit(), [stop]), let("n3", "x"), let("n4", "y"))
    assert {("n1", "n3", "else"), ("n1", "n4", "else")} <= edges(graph, "control")
    assert ("entry", "n3", "start") not in edges(graph, "control")


def test_a_stop_deep_inside_an_arm_reaches_what_follows_by_both_deciders():
    inner = branch("n2", lit(), [core.Stop("n3", None, span=AT)])
    graph = graph_of(branch("n1", lit(), [inner]), let("n4", "x"))
    assert {(s, c) for s, t, c in edges(graph, "control") if t == "n4"} == {("n1", "else"), ("n2", "else")}


def test_what_follows_an_approval_without_else_depends_on_it():
    approve = core.Approve("n1", None, (), "manager", (), None, None, None, span=AT)
    graph = graph_of(approve, let("n2", "x"))
    assert ("n1", "n2", "granted") in edges(graph, "control")


def test_what_follows_an_approval_whose_else_rejoins_does_not():
    approve = core.Approve("n1", None, (), "manager", (), None, None, (let("n2", "x"),), span=AT)
    graph = graph_of(approve, let("n3", "x"))
    assert ("n1", "n2", "refused") in edges(graph, "control")
    assert ("entry", "n3", "start") in edges(graph, "control")


def test_a_loop_owns_its_body_and_carries_its_definitions_back():
    body = (let("n3", "y", var("x")), let("n4", "x", var("item")))
    graph = graph_of(
        let("n1", "x"), loop("n2", "item", var("xs", ListType(TEXT)), *body), let("n5", "z", var("x"))
    )
    assert graph.node("n3").region == graph.node("n4").region == "n2"
    assert ("n4", "n3", "x") in edges(graph, carried=True)
    assert {("n1", "n3", "x"), ("n1", "n5", "x"), ("n4", "n5", "x"), ("n2", "n4", "item")} <= edges(
        graph, carried=False
    )
    assert acyclic(graph)


def test_a_carried_definition_crosses_nested_loops():
    inner = loop("n2", "j", var("ys"), let("n3", "a", var("b")))
    graph = graph_of(
        let("n0", "b"), loop("n1", "i", var("xs"), inner, let("n4", "b", var("a"))), parameters=["xs", "ys"]
    )
    assert ("n4", "n3", "b") in edges(graph, carried=True)
    assert acyclic(graph)


def test_the_condition_of_a_repeat_sees_the_body():
    body = (let("n2", "go", lit()),)
    graph = graph_of(let("n0", "go", lit()), core.While("n1", var("go", BOOL), 3, (), body, span=AT))
    assert edges(graph, carried=True) == {("n2", "n1", "go")}
    assert ("n0", "n1", "go") in edges(graph, carried=False)


def test_a_stop_inside_a_loop_decides_later_iterations_and_what_follows():
    body = (branch("n2", lit(), [core.Stop("n3", None, span=AT)]), let("n4", "x"))
    graph = graph_of(loop("n1", "i", lit((), ListType(TEXT)), *body), let("n5", "y"))
    assert ("n2", "n1", "else") in edges(graph, "control", carried=True)
    assert {(s, c) for s, t, c in edges(graph, "control") if t == "n5"} == {("n1", "after"), ("n2", "else")}


def test_memory_edges_join_writers_and_readers_of_one_store():
    recall = core.Recall("n3", "r", "r", "notes", None, None, ANY, span=AT)
    graph = graph_of(
        core.Remember("n1", lit("a", TEXT), "notes", None, span=AT), call("n2", "save"), recall, call("n4", "look"),
        tools=[tool("save", writes=["notes"]), tool("look", reads=["notes"])],
    )  # fmt: skip
    assert edges(graph, "memory") == {("n1", "n2", "notes"), ("n2", "n3", "notes"), ("n2", "n4", "notes")}


def test_a_store_written_in_a_loop_is_read_by_the_next_iteration():
    body = (
        core.Recall("n2", "r", "r", "notes", None, None, ANY, span=AT),
        core.Remember("n3", var("i"), "notes", None, span=AT),
    )
    graph = graph_of(loop("n1", "i", lit((), ListType(TEXT)), *body))
    assert ("n3", "n2", "notes") in edges(graph, "memory", carried=True)
    assert acyclic(graph)


def test_an_agent_owns_a_node_per_possible_tool():
    may = (core.May("tool", "save", None, span=AT), core.May("tool", "look", None, span=AT))
    agent = core.Agent("n1", "a", "x", (var("p"),), None, may, frozenset({"look"}), 5, ANY, (), span=AT)
    recall = core.Recall("n2", "r", "r", "notes", None, None, ANY, span=AT)
    graph = graph_of(
        agent,
        recall,
        let("n3", "y", var("x")),
        tools=[tool("save", writes=["notes"]), tool("look")],
        parameters=["p"],
    )
    assert graph.node("n1:save").region == "n1"
    assert {("n1", "n1:save", "arguments"), ("n1", "n3", "x"), ("parameter:p", "n1", "p")} <= edges(
        graph, carried=False
    )
    assert edges(graph, carried=True) == {("n1:save", "n1", "result"), ("n1:look", "n1", "handle")}
    assert ("n1:save", "n2", "notes") in edges(graph, "memory")


def test_a_message_to_the_receiver_reaches_it():
    send = core.Send("n1", (lit("a", TEXT),), "user", span=AT)
    receive = core.Receive("n2", "m", "m", None, TEXT, span=AT)
    assert ("n1", "n2", "user") in edges(graph_of(send, receive), "message")


def test_the_result_of_an_inlined_workflow_comes_from_its_returns():
    body = (
        branch("n1/n1", lit(), [core.Return("n1/n2", var("callee.a"), span=AT)]),
        core.Return("n1/n3", lit("b", TEXT), span=AT),
    )
    scope = core.Scope(
        "n1",
        "callee",
        "y",
        "callee",
        None,
        (("callee.a", var("p")),),
        (("callee.a", None),),
        body,
        TEXT,
        span=AT,
    )
    graph = graph_of(scope, let("n2", "z", var("y")), parameters=["p"])
    assert {
        ("parameter:p", "n1", "p"),
        ("n1", "n1/n2", "callee.a"),
        ("n1/n2", "n2", "y"),
        ("n1/n3", "n2", "y"),
    } == edges(graph)
    assert ("entry", "n2", "start") in edges(graph, "control")


def test_a_return_inside_a_loop_of_an_inlined_workflow_keeps_the_stores():
    body = (
        loop("n1/n1", "i", lit((), ListType(TEXT)), core.Remember("n1/n2", var("i"), "notes", None, span=AT),
             branch("n1/n3", lit(), [core.Return("n1/n4", None, span=AT)])),
    )  # fmt: skip
    scope = core.Scope("n1", "callee", None, "callee", None, (), (), body, ANY, span=AT)
    recall = core.Recall("n2", "r", "r", "notes", None, None, ANY, span=AT)
    assert ("n1/n2", "n2", "notes") in edges(graph_of(scope, recall), "memory")


def test_a_retry_feeds_its_handler_and_its_next_attempt():
    body = (let("n2", "x"), call("n3", "pay"), core.Remember("n4", var("x"), "notes", None, span=AT))
    handler = (core.Recall("n5", "r", "r", "notes", None, None, ANY, span=AT), let("n6", "z", var("x")))
    graph = graph_of(
        let("n0", "x"),
        core.Retry("n1", 3, body, handler, span=AT),
        let("n7", "y", var("x")),
        tools=[tool("pay")],
    )
    assert ("n4", "n5", "notes") in edges(graph, "memory")
    assert {("n0", "n6", "x"), ("n0", "n7", "x"), ("n2", "n7", "x")} <= edges(graph)
    failed = next(n for n in graph.nodes if n.title == "failed")
    assert {("n3", failed.id, "failed"), (failed.id, "n5", "error")} <= {
        (s, t, c) if t != failed.id else (s, t, "failed") for s, t, c in edges(graph, "control")
    }
    assert acyclic(graph)


def test_parallel_branches_do_not_feed_each_other():
    graph = graph_of(
        core.Parallel("n1", ((let("n2", "a", var("p")),), (let("n3", "b", var("p")),)), span=AT),
        let("n4", "c", core.MakeList((var("a"), var("b")), ListType(TEXT), span=AT)),
        parameters=["p"],
    )
    assert edges(graph) == {
        ("parameter:p", "n2", "p"), ("parameter:p", "n3", "p"), ("n2", "n4", "a"), ("n3", "n4", "b")
    }  # fmt: skip


def test_many_definitions_meet_in_a_join():
    arms = [branch(f"n{i}", lit(), [let(f"n{i}x", "x")]) for i in range(20)]
    graph = graph_of(let("n", "x"), *arms, let("end", "y", var("x")))
    assert any(node.kind == "join" for node in graph.nodes)
    view = to_networkx(graph)
    assert all(nx.has_path(view, f"n{i}x", "end") for i in range(20))


def random_block(rng: random.Random, depth: int, counter: list[int], names: list[str]) -> core.Block:
    return tuple(random_statement(rng, depth, counter, names) for _ in range(rng.randint(0, 4)))


def random_statement(rng: random.Random, depth: int, counter: list[int], names: list[str]) -> core.Statement:
    counter[0] += 1
    identifier = f"n{counter[0]}"

    def block() -> core.Block:
        return random_block(rng, depth - 1, counter, names)

    use = var(rng.choice(names))
    simple = [
        lambda: let(identifier, rng.choice(names), use),
        lambda: call(identifier, "save", rng.choice([None, *names]), a=use),
        lambda: core.Remember(identifier, use, "notes", None, span=AT),
        lambda: core.Recall(identifier, "r", rng.choice(names), "notes", None, None, ANY, span=AT),
        lambda: core.Approve(identifier, None, (), "manager", (use,), None, None, None, span=AT),
        lambda: core.Stop(identifier, None, span=AT),
        lambda: core.Return(identifier, use, span=AT),
        lambda: core.Send(identifier, (use,), "user", span=AT),
        lambda: core.Receive(identifier, "m", rng.choice(names), None, TEXT, span=AT),
        lambda: core.Agent(
            identifier,
            "a",
            rng.choice(names),
            (use,),
            None,
            (core.May("tool", "save", None, span=AT),),
            frozenset(),
            3,
            ANY,
            (),
            span=AT,
        ),
    ]
    nested = [
        lambda: branch(identifier, use, block(), block()),
        lambda: loop(identifier, rng.choice(names), use, *block()),
        lambda: core.While(identifier, use, None, (), block(), span=AT),
        lambda: core.Parallel(identifier, (block(), block()), span=AT),
        lambda: core.Retry(identifier, 2, block(), block() if rng.random() < 0.5 else None, span=AT),
        lambda: core.Scope(
            identifier,
            "s",
            rng.choice(names),
            "callee",
            None,
            (("q", use),),
            (("q", None),),
            block(),
            TEXT,
            span=AT,
        ),
        lambda: core.Approve(identifier, None, (), "manager", (use,), None, None, block(), span=AT),
    ]
    return rng.choice(simple + nested * 2 if depth > 0 else simple)()


@pytest.mark.parametrize("seed", range(300))
def test_random_programs_give_acyclic_connected_deterministic_graphs(seed):
    rng = random.Random(seed)
    counter = [0]
    body = tuple(random_statement(rng, 4, counter, ["a", "b", "c", "q"]) for _ in range(5))
    tools = [tool("save", reads=["notes"], writes=["notes"])]
    graph = graph_of(*body, tools=tools, parameters=["a", "b", "c", "q"])
    assert acyclic(graph)
    known = {node.id for node in graph.nodes}
    assert len(known) == len(graph.nodes)
    assert all(e.source in known and e.target in known for e in graph.edges)
    assert all(node.region is None or node.region in known for node in graph.nodes)
    assert graph == graph_of(*body, tools=tools, parameters=["a", "b", "c", "q"])
    statements = {node.id for node in graph.nodes if node.statement is not None}
    assert len(statements) == counter[0]


def test_ten_thousand_statements_take_less_than_a_second():
    body = []
    for i in range(2500):
        body.append(let(f"a{i}", f"x{i}", var(f"x{i - 1}" if i else "p")))
        body.append(
            branch(
                f"b{i}",
                var("y"),
                [let(f"c{i}", "y", var("y"))],
                [core.Remember(f"d{i}", var("y"), "s", None, span=AT)],
            )
        )
    body.insert(0, let("n", "y"))
    start = time.process_time()
    graph = graph_of(*body, parameters=["p"])
    assert time.process_time() - start < 1
    assert len(graph.edges) < 8 * len(graph.nodes)
