"""The declarations of generated programs: a fixed vocabulary whose clauses vary with the random source."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
from generators import build as b

from wfcheck.dsl import core, types
from wfcheck.dsl.types import Type

SECRECY = ("pii", "key")
INFLUENCE = ("email", "web")
TAGS = (*SECRECY, *INFLUENCE)
CHOICE = types.EnumType("Choice", ("yes", "no", "later"))
MAIL = types.RecordType("Mail", (("sender", b.TEXT), ("body", b.TEXT), ("urgent", b.BOOL)))
TEXTS = types.ListType(b.TEXT)
MAILS = types.ListType(MAIL)
SMALL = types.RefinedType(
    "Small",
    b.INT,
    core.Apply("<=", (core.Variable("it", "it", b.INT, span=b.SPAN), b.lit(10)), b.BOOL, span=b.SPAN),
)


def tags(random: Random, most: int = 2) -> set[str]:
    """A few tags, often none."""
    return set(random.sample(TAGS, random.choice([0, 1, 1, most])))


def tools(random: Random) -> tuple[core.Tool, ...]:
    """Sources of every type, sinks, and tools that read or write the store `notes`."""
    sinks: dict[str, Any] = {"effect": core.Effect.IRREVERSIBLE}
    return (
        b.tool("get_text", {}, b.TEXT, returns=tags(random)),
        b.tool("get_flag", {}, b.BOOL, returns=tags(random)),
        b.tool("get_num", {}, b.INT, returns=tags(random)),
        b.tool("get_choice", {}, CHOICE, returns=tags(random)),
        b.tool(
            "get_mail",
            {"folder": b.TEXT},
            MAIL,
            returns={("sender",): tags(random), ("body",): tags(random), ("urgent",): tags(random)},
        ),
        b.tool("get_texts", {}, TEXTS, returns={(): tags(random, 1), ("[]",): tags(random)}),
        b.tool("get_mails", {}, MAILS, returns={(): tags(random, 1), ("[]", "body"): tags(random)}),
        _search(random),
        _post(random, "post", sinks),
        b.tool("publish", {"text": b.TEXT}, b.BOOL, emits="safe", **sinks),
        b.tool("pay", {"amount": SMALL, "to": b.TEXT}, b.BOOL, effect=core.Effect.IRREVERSIBLE),
        b.tool("log", {"text": b.TEXT}, b.INT, effect=core.Effect.WRITE, writes=frozenset({"notes"})),
        b.tool("tick", {}, b.INT, effect=core.Effect.WRITE, writes=frozenset({"notes"})),
        b.tool("read_log", {}, b.TEXT, reads=frozenset({"notes"}), returns=tags(random, 1)),
        b.tool("norm", {"text": b.TEXT}, b.TEXT, pure=True),
    )


def _search(random: Random) -> core.Tool:
    """Its result may be independent of an argument, and may carry a tag under a condition."""
    condition = core.Apply("==", (_argument("kind", b.INT), b.lit(1)), b.BOOL, span=b.SPAN)
    returned = core.ReturnTags((), frozenset(tags(random)), random.choice([None, condition]), span=b.SPAN)
    free = frozenset({"query"}) if random.random() < 0.4 else frozenset()
    made = b.tool("search", {"query": b.TEXT, "kind": b.INT}, b.TEXT, independent=free)
    return attrs.evolve(made, returns=(returned,) if returned.tags else ())


def _post(random: Random, name: str, more: dict[str, Any]) -> core.Tool:
    """A sink: all arguments reach `out`, or some, or under a condition."""
    chosen = random.choice([None, None, frozenset({"body"})])
    condition = core.Apply("==", (_argument("to", b.TEXT), b.lit("a")), b.BOOL, span=b.SPAN)
    emission = core.Emission("out", chosen, random.choice([None, None, condition]), span=b.SPAN)
    return attrs.evolve(b.tool(name, {"to": b.TEXT, "body": b.TEXT}, b.BOOL, **more), emits=(emission,))


def _argument(name: str, type_: Type) -> core.Variable:
    return core.Variable(name, "argument", type_, span=b.SPAN)


def releases(random: Random) -> tuple[core.Release, ...]:
    """One by a principal, one sanitiser."""
    return (
        attrs.evolve(
            b.release("judge", tags(random) | {"model"}, "boss"), parameters=(b.param("x", b.TEXT),)
        ),
        attrs.evolve(
            b.release("shorten", set(random.sample(SECRECY, 1)), type_=CHOICE),
            parameters=(b.param("x", b.TEXT),),
        ),
    )


def principals(random: Random) -> tuple[core.Principal, ...]:
    """Two people and an agent."""
    return (
        b.principal("boss", clears=random.choice([None, set(SECRECY)]), trusts=tags(random)),
        b.principal("clerk", trusts=tags(random)),
        b.principal("bot", "agent", acts_for=random.choice([None, None, "clerk"])),
    )


def stores(random: Random) -> tuple[core.Store, ...]:
    """A list, a partitioned text, a flag."""
    return (
        b.store("notes", TEXTS, holds=tags(random, 1) if random.random() < 0.2 else set()),
        b.store("kept", b.TEXT, partition="who"),
        b.store("seen", b.BOOL),
    )


def channels() -> tuple[core.Channel, ...]:
    """One external, one with a promise."""
    return (b.channel("out"), b.channel("safe", {"pii"}))
