"""Random blocks: well typed, definitely assigned, every statement kind."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
from generators import build as b
from generators.declarations import CHOICE, MAIL, MAILS, SMALL, TEXTS
from generators.expressions import VALUE_TYPES, Expressions

from wfcheck.dsl import core
from wfcheck.dsl.types import Type

Scope = dict[str, Type]
_WEIGHTS = {
    "call": 6, "let": 3, "llm": 2, "if": 4, "for": 2, "while": 1, "retry": 1, "agent": 1, "approve": 1,
    "release": 1, "inline": 1, "say": 1, "ask": 1, "send": 1, "receive": 1, "remember": 2, "recall": 2,
    "parallel": 1, "stop": 1, "return": 1,
}  # fmt: skip
_QUIET = ("call", "let", "llm", "say", "if")
_SINKS = ("post", "post", "publish", "pay", "log")


@attrs.define
class Statements:
    """Makes statements of one workflow. `size` bounds their number."""

    random: Random
    program: core.Program
    maker: b.Maker
    size: int
    fresh: int = 0
    inside: str = ""

    def block(self, scope: Scope, depth: int, kinds: tuple[str, ...] | None = None) -> list[core.Statement]:
        """One to four statements; what they assign joins `scope`."""
        made: list[core.Statement] = []
        for _ in range(self.random.randint(1, 4)):
            if self.size <= 0:
                break
            self.size -= 1
            made.append(self.statement(scope, depth, kinds))
            if isinstance(made[-1], core.Stop | core.Return):
                break
        return made

    def statement(self, scope: Scope, depth: int, kinds: tuple[str, ...] | None = None) -> core.Statement:
        """One statement of a random kind."""
        names = [k for k in _WEIGHTS if kinds is None or k in kinds]
        kind = self.random.choices(names, [_WEIGHTS[name] for name in names])[0]
        if kind in ("if", "for", "while", "retry", "inline", "parallel") and depth <= 0:
            kind = "call"
        if kind in ("stop", "return") and depth > 1:
            kind = "call"  # an unconditional end leaves nothing to see
        made: core.Statement = getattr(self, f"_{kind}")(scope, depth)
        return made

    # ------------------------------------------------------------ helpers

    def expr(self, scope: Scope, type_: Type, depth: int = 1) -> core.Expr:
        """A random expression."""
        return Expressions(self.random, dict(scope)).make(type_, depth)

    def condition(self, scope: Scope) -> core.Expr:
        """A random condition."""
        return Expressions(self.random, dict(scope)).condition(2)

    def target(self, scope: Scope, type_: Type) -> str:
        """A variable of the type, an old or a new one; in scope once the statement is made."""
        old = [n for n, t in scope.items() if t == type_ and n.startswith(self.inside)]
        if old and self.random.random() < 0.4:
            return self.random.choice(old)
        self.fresh += 1
        return f"{self.inside}v{self.fresh}"

    def bind(self, scope: Scope, type_: Type) -> str:
        """As `target`, and in scope at once; for statements that read nothing afterwards."""
        name = self.target(scope, type_)
        scope[name] = type_
        return name

    # ------------------------------------------------------------ one per kind

    def _let(self, scope: Scope, _depth: int) -> core.Statement:
        type_ = self.random.choice(VALUE_TYPES)
        value = self.expr(scope, type_, 2)
        return self.maker.let(self.bind(scope, type_), value)

    def _call(self, scope: Scope, _depth: int) -> core.Statement:
        names = [*self.program.tools, *_SINKS]
        tool = self.program.tools[self.random.choice(names)]
        arguments = self.arguments(tool, scope)
        target = None
        if tool.symbol not in _SINKS or self.random.random() < 0.2:
            target = self.bind(scope, tool.result)
        return self.maker.call(tool.symbol, target, **arguments)

    def arguments(self, tool: core.Tool, scope: Scope) -> dict[str, Any]:
        """Well-typed arguments; what a refinement asks for is a literal."""
        return {
            p.name: b.lit(self.random.randint(0, 5)) if p.type == SMALL else self.expr(scope, p.type)
            for p in tool.parameters
        }

    def _llm(self, scope: Scope, _depth: int) -> core.Statement:
        context = [
            self.expr(scope, self.random.choice(VALUE_TYPES)) for _ in range(self.random.randint(0, 2))
        ]
        type_ = self.random.choice([b.TEXT, b.BOOL, CHOICE, MAIL])
        self.fresh += 1
        return self.maker.llm(self.bind(scope, type_), *context, type_=type_, step=f"think{self.fresh}")

    def _if(self, scope: Scope, depth: int) -> core.Statement:
        condition = self.condition(scope)
        then, otherwise = dict(scope), dict(scope)
        first = self.block(then, depth - 1)
        second = self.block(otherwise, depth - 1) if self.random.random() < 0.6 else []
        for name in then.keys() & otherwise.keys():
            if then[name] == otherwise[name]:
                scope[name] = then[name]
        return self.maker.if_(condition, first, second)

    def _for(self, scope: Scope, depth: int) -> core.Statement:
        type_ = self.random.choice([TEXTS, MAILS])
        source = self.expr(scope, type_)
        self.fresh += 1
        item = f"{self.inside}v{self.fresh}"
        body = self.block({**scope, item: type_.item}, depth - 1)
        return self.maker.for_(item, source, body, self.random.choice([None, None, 2]))

    def _while(self, scope: Scope, depth: int) -> core.Statement:
        condition = self.condition(scope)
        return self.maker.while_(condition, self.block(dict(scope), depth - 1), self.random.choice([2, 3, 5]))

    def _retry(self, scope: Scope, depth: int) -> core.Statement:
        body = self.block(dict(scope), depth - 1)
        handler = self.block(dict(scope), depth - 1) if self.random.random() < 0.6 else None
        return self.maker.retry(self.random.choice([1, 2, 3]), body, handler)

    def _parallel(self, scope: Scope, depth: int) -> core.Statement:
        """Branches assign only names of their own, and touch no store."""
        outer = self.inside
        branches = []
        for _ in range(2):
            self.fresh += 1
            self.inside = f"{outer}p{self.fresh}."
            branches.append(self.block(dict(scope), depth - 1, ("let", "llm", "say")))
        self.inside = outer
        return self.maker.parallel(*branches)

    def _inline(self, scope: Scope, depth: int) -> core.Statement:
        self.fresh += 1
        outer, self.inside = self.inside, f"sub{self.fresh}."
        parameter = f"{self.inside}p"
        inner: Scope = {parameter: b.TEXT}
        given = self.expr(scope, b.TEXT)
        body = self.block(inner, depth - 1)
        body.append(self.maker.return_(self.expr(inner, b.TEXT)))
        name = self.inside.rstrip(".")
        self.inside = outer
        actor = self.random.choice([None, None, "clerk"])
        made = self.maker.scope(name, self.bind(scope, b.TEXT), body, principal=actor, **{parameter: given})
        return attrs.evolve(made, type=b.TEXT)

    def _agent(self, scope: Scope, _depth: int) -> core.Statement:
        tools = self.random.sample(sorted(self.program.tools), self.random.randint(1, 4))
        may: list[Any] = [self.may(name) for name in tools]
        may += [act for act in ("say", "ask") if self.random.random() < 0.3]
        hides = {name for name in tools if self.random.random() < 0.25}
        context = [
            self.expr(scope, self.random.choice(VALUE_TYPES)) for _ in range(self.random.randint(0, 2))
        ]
        self.fresh += 1
        return self.maker.agent(
            f"agent{self.fresh}",
            may,
            *context,
            target=self.bind(scope, b.TEXT),
            principal=self.random.choice([None, "bot"]),
            hides=hides,
            maximum=self.random.randint(1, 3),
        )

    def may(self, name: str) -> core.May:
        """A tool, sometimes only with `to == "a"`."""
        condition = None
        if name == "post" and self.random.random() < 0.4:
            condition = core.Apply("==", (b.arg("to"), b.lit("a")), b.BOOL, span=b.SPAN)
        return core.May("tool", name, condition, span=b.SPAN)

    def _approve(self, scope: Scope, depth: int) -> core.Statement:
        tool = self.random.choice([None, "pay", "post"])
        arguments = {} if tool is None else self.arguments(self.program.tools[tool], scope)
        shows = [self.expr(scope, b.TEXT)] if self.random.random() < 0.5 else []
        otherwise = None
        if self.random.random() < 0.4:
            otherwise = self.block(dict(scope), depth - 1)
        who = self.random.choice(["boss", "clerk"])
        return self.maker.approve(who, tool, *shows, otherwise=otherwise, **arguments)

    def _release(self, scope: Scope, _depth: int) -> core.Statement:
        release = self.random.choice(list(self.program.releases.values()))
        given = self.expr(scope, b.TEXT)
        return self.maker.release(release.symbol, self.bind(scope, release.result), x=given)

    def _say(self, scope: Scope, _depth: int) -> core.Statement:
        return self.maker.say(self.expr(scope, b.TEXT))

    def _ask(self, scope: Scope, _depth: int) -> core.Statement:
        question = self.expr(scope, b.TEXT)
        who = self.random.choice(["user", "boss"])
        return self.maker.ask(self.bind(scope, b.TEXT), question, who)

    def _send(self, scope: Scope, _depth: int) -> core.Statement:
        return self.maker.send(self.random.choice(["boss", "clerk", "bot"]), self.expr(scope, b.TEXT))

    def _receive(self, scope: Scope, _depth: int) -> core.Statement:
        return self.maker.receive(self.bind(scope, b.TEXT), self.random.choice([None, "boss"]))

    def _remember(self, scope: Scope, _depth: int) -> core.Statement:
        match self.random.choice(["notes", "notes", "kept", "seen"]):
            case "kept":
                key = self.random.choice([b.lit("a"), b.lit("go"), self.expr(scope, b.TEXT)])
                return self.maker.remember("kept", self.expr(scope, b.TEXT), key=key)
            case "seen":
                return self.maker.remember("seen", self.expr(scope, b.BOOL))
            case _:
                return self.maker.remember("notes", self.expr(scope, b.TEXT))

    def _recall(self, scope: Scope, _depth: int) -> core.Statement:
        match self.random.choice(["notes", "notes", "some", "kept", "seen"]):
            case "kept":
                key = self.random.choice([b.lit("a"), b.lit("go"), self.expr(scope, b.TEXT)])
                return self.maker.recall(self.bind(scope, b.TEXT), "kept", key=key, type_=b.TEXT)
            case "seen":
                return self.maker.recall(self.bind(scope, b.BOOL), "seen", type_=b.BOOL)
            case "some":
                it = core.Variable("it", "it", b.TEXT, span=b.SPAN)
                where = core.Apply("==", (it, self.expr(scope, b.TEXT)), b.BOOL, span=b.SPAN)
                return self.maker.recall(self.bind(scope, TEXTS), "notes", where=where, type_=TEXTS)
            case _:
                return self.maker.recall(self.bind(scope, TEXTS), "notes", type_=TEXTS)

    def _stop(self, _scope: Scope, _depth: int) -> core.Statement:
        return self.maker.stop()

    def _return(self, scope: Scope, _depth: int) -> core.Statement:
        return self.maker.return_(self.expr(scope, b.TEXT))
