"""Random small programs, and random oracles for them.

    from generators.programs import RandomOracle, generate
    program, workflow = generate(seed)
    run(program, workflow, RandomOracle(seed, program))

`generate` is deterministic. About half of the programs hold one of the templates of `shapes` (say which with `shape=`); the
programs are well typed and definitely assigned, and use every statement kind. `program.rules` holds a few flow, order and
permission rules in scope of the workflow. Import works in tests because `tests` is on pytest's path."""

from __future__ import annotations

from random import Random

import attrs
from generators import build as b
from generators.declarations import TAGS, channels, principals, releases, stores, tools
from generators.oracles import RandomOracle
from generators.shapes import LATER, SHAPES, Shape
from generators.statements import Scope, Statements

from wfcheck.checker.reference.syntactic import effects
from wfcheck.checker.reference.syntactic import statements as statements_of
from wfcheck.dsl import core

__all__ = ["LATER", "SHAPES", "RandomOracle", "generate"]


def generate(seed: int, *, size: int = 14, shape: Shape | None = None) -> tuple[core.Program, core.Workflow]:
    """A program with the workflow `w` (which is returned) and those that `w` inlines. `size` bounds the random statements;
    templates come on top."""
    random = Random(seed)
    program = b.program(
        tools=tools(random),
        secrecy=("pii", "key"),
        influence=("email", "web"),
        principals=principals(random),
        channels=channels(),
        stores=stores(random),
        releases=releases(random),
    )
    workflow = _workflow(random, program, size, shape)
    workflow = attrs.evolve(workflow, guarded=Random(f"guarded {seed}").random() < 0.3)
    rules = _rules(random, program, workflow)
    inlined = {s.workflow: _declared(s) for s in statements_of(workflow.body) if isinstance(s, core.Scope)}
    return attrs.evolve(program, workflows={"w": workflow, **inlined}, rules=rules), workflow


def _declared(scope: core.Scope) -> core.Workflow:
    """The workflow that was inlined, as a workflow of its own."""
    sources = dict(scope.sources)
    parameters = tuple(
        b.param(name, b.TEXT, None if sources[name] is None else set(sources[name] or ()))
        for name, _ in scope.parameters
    )
    return b.workflow(scope.workflow, list(scope.body), parameters, scope.principal, scope.type)


def _workflow(random: Random, program: core.Program, size: int, shape: Shape | None) -> core.Workflow:
    sources = random.choice([{"user"}, {"user"}, {"user", "web"}, None])
    parameters = (b.param("request", b.TEXT, sources), b.param("urgent", b.BOOL, {"user"}))
    statements = Statements(random, program, b.Maker(), size)
    scope: Scope = {"request": b.TEXT, "urgent": b.BOOL}
    body = statements.block(scope, 3)
    chosen = shape or (random.choice(SHAPES) if random.random() < 0.5 else None)
    if body and isinstance(body[-1], core.Stop | core.Return):
        body.pop()
    if chosen is not None:
        body += chosen(statements, scope)
    body += statements.block(scope, 3)
    if chosen is None and not (body and isinstance(body[-1], core.Stop | core.Return)):
        body += _behind(statements, scope, Random(f"behind {len(body)} {sorted(scope)} {size}"))
    return b.workflow("w", body, parameters, random.choice([None, "clerk"]), b.TEXT)


def _behind(statements: Statements, scope: Scope, random: Random) -> list[core.Statement]:
    """One of the later templates, now and then, from a random source of its own."""
    if random.random() < 0.5:
        return []
    apart = Statements(random, statements.program, statements.maker, 0)
    return random.choice(LATER)(apart, {**scope})


def _rules(random: Random, program: core.Program, workflow: core.Workflow) -> tuple[core.Rule, ...]:
    bodies: list[core.RuleBody] = [_flow(random, tag, program, workflow) for tag in TAGS]
    approved = b.event("approve", "pay", by="boss", shows=core.SameCall())
    pay, post = b.event("call", "pay"), b.event("call", "post")
    bodies += [
        core.Before(approved, None, pay, None, None, None, None, None),
        core.Before(b.event("call", "norm"), None, post, None, None, None, None, None),
        core.Forbid(
            post, core.Apply("==", (b.arg("to"), b.lit("go")), b.BOOL, span=b.SPAN), None, None, None
        ),
        core.Forbid(post, None, b.event("call", "get_flag"), None, None),
        core.Forbid(b.event("llm"), None, b.event("call", "get_text"), None, None),
        core.Forbid(b.event("say"), None, b.event("read", "web"), None, None),
        _allow(random, "bot"),
        _allow(random, "clerk"),
    ]
    return tuple(
        attrs.evolve(b.rule(body, f"p.r{n}"), workflows=(workflow.symbol,)) for n, body in enumerate(bodies)
    )


def _allow(random: Random, principal: str) -> core.Allow:
    tools = random.sample(["get_text", "get_flag", "norm", "post", "publish", "search", "pay"], 4)
    condition = core.Apply("==", (b.arg("to"), b.lit("a")), b.BOOL, span=b.SPAN)
    grants = [core.Grant(b.event("call", *tools), None, span=b.SPAN)]
    if random.random() < 0.5:
        grants.append(core.Grant(b.event("call", "post"), condition, span=b.SPAN))
    return core.Allow(principal, tuple(grants))


def _flow(random: Random, tag: str, program: core.Program, workflow: core.Workflow) -> core.Flow:
    written = effects(program, workflow.body).places
    sinks: list[core.FlowEnd] = [core.ChannelEnd(frozenset({"out"})), core.PrincipalEnd("user")]
    if ("channel", "out") in written:
        sinks += [core.ChannelEnd(frozenset({"out"})), core.ArgumentEnd("post", "body", ())] * 2
    if ("store", "notes") in written:
        sinks.append(core.StoreEnd("notes"))
    if any(isinstance(s, core.Call) and s.tool == "pay" for s in statements_of(workflow.body)):
        sinks.append(core.CallEnd(b.event("call", "pay")))
    influence = frozenset({"web"}) if random.random() < 0.2 else None
    via = frozenset(random.sample(["judge", "shorten", "approve"], random.randint(0, 2)))
    source = core.TagEnd(frozenset({tag}))
    return core.Flow((source,), (random.choice(sinks),), influence, via, random.random() < 0.2)
