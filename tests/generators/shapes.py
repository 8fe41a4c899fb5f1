"""Templates of the programs that fool checkers; random clauses, random surroundings. Each takes a `Statements` and a scope and
returns a few statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from generators import build as b
from generators.declarations import TEXTS
from generators.statements import Scope, Statements

from wfcheck.dsl import core
from wfcheck.dsl.types import Type

Shape: TypeAlias = Callable[[Statements, Scope], list[core.Statement]]


def zero_iterations(s: Statements, scope: Scope) -> list[core.Statement]:
    """A tainted variable overwritten in a loop that may run zero times, then sent."""
    m = s.maker
    scope["secret"], scope["texts"] = b.TEXT, TEXTS
    return [
        m.call("get_text", "secret"),
        m.call("get_texts", "texts"),
        m.for_("each", _var("texts", TEXTS), [m.let("secret", "public")]),
        m.call("post", to="a", body=_var("secret", b.TEXT)),
    ]


def not_sending(s: Statements, scope: Scope) -> list[core.Statement]:
    """Implicit flow by sending in one arm only; what was remembered tells it in the next session."""
    m = s.maker
    scope["flag"] = b.BOOL
    arm = [m.call("post", to="a", body="yes"), m.remember("notes", "was here")]
    return [m.call("get_flag", "flag"), m.if_(_var("flag", b.BOOL), arm)]


def assigned_in_one_arm(s: Statements, scope: Scope) -> list[core.Statement]:
    """What is sent was assigned in one arm, and tells the condition, too."""
    m = s.maker
    scope["flag"], scope["secret"], scope["told"] = b.BOOL, b.TEXT, b.TEXT
    arms = [[m.let("told", _var("secret", b.TEXT))], [m.let("told", "no")] if s.random.random() < 0.5 else []]
    s.random.shuffle(arms)
    return [
        m.let("told", "nothing"),
        m.call("get_text", "secret"),
        m.call("get_flag", "flag"),
        m.if_(_var("flag", b.BOOL), *arms),
        m.call("post", to="a", body=_var("told", b.TEXT)),
    ]


def undone_by_a_failure(s: Statements, scope: Scope) -> list[core.Statement]:
    """What an attempt bound is undone when it fails, so it tells of what failed."""
    m = s.maker
    scope["secret"], scope["told"] = b.TEXT, b.TEXT
    attempt = [m.let("told", "yes"), m.call("search", query=_var("secret", b.TEXT), kind=b.lit(0))]
    return [
        m.let("told", "no"),
        m.call("get_text", "secret"),
        m.retry(s.random.choice([1, 2]), attempt, [m.say("failed")]),
        m.call("post", to="a", body=_var("told", b.TEXT)),
    ]


def made_in_a_retry(s: Statements, scope: Scope) -> list[core.Statement]:
    """What a second attempt makes was made because the first one failed."""
    m = s.maker
    makers: tuple[Callable[[str], core.Statement], ...] = (
        lambda x: m.let(x, "again"),
        lambda x: m.llm(x),
        lambda x: m.ask(x, "what now"),
        lambda x: m.call("norm", x, text="again"),
        lambda x: m.release("shorten", x, x=b.lit("again")),
        lambda x: m.recall(x, "notes", type_=TEXTS),
        lambda x: m.scope("again", x, [m.say("again")]),
    )
    chosen = s.random.sample(range(len(makers)), 4)
    names = [f"made{number}" for number in chosen]
    scope.update(dict.fromkeys(names, b.ANY))
    attempt = [makers[number](name) for number, name in zip(chosen, names, strict=True)]
    return [m.retry(3, [*attempt, m.call("get_text")]), *(m.say(_var(name, b.ANY)) for name in names)]


def tool_writes_in_a_branch(s: Statements, scope: Scope) -> list[core.Statement]:
    """That a tool wrote a store, and when, is read back by another."""
    m = s.maker
    scope["flag"], scope["read"] = b.BOOL, b.TEXT
    return [
        m.call("get_flag", "flag"),
        m.if_(_var("flag", b.BOOL), [m.call("tick")]),
        m.call("read_log", "read"),
        m.call("post", to="a", body=_var("read", b.TEXT)),
    ]


def chosen_from_a_store(s: Statements, scope: Scope) -> list[core.Statement]:
    """What is found in a public store depends on what was looked for."""
    m = s.maker
    scope["secret"], scope["found"] = b.TEXT, TEXTS
    it = core.Variable("it", "it", b.TEXT, span=b.SPAN)
    same = core.Apply("==", (it, _var("secret", b.TEXT)), b.BOOL, span=b.SPAN)
    return [
        m.call("get_text", "secret"),
        m.remember("notes", "a"),
        m.recall("found", "notes", where=same, type_=TEXTS),
        m.for_("each", _var("found", TEXTS), [m.call("post", to="a", body="found")]),
    ]


def first_of_two_arguments(s: Statements, scope: Scope) -> list[core.Statement]:
    """What a search finds depends on every argument."""
    m = s.maker
    scope["secret"], scope["found"] = b.TEXT, b.TEXT
    return [
        m.call("get_text", "secret"),
        m.call("search", "found", query=_var("secret", b.TEXT), kind=b.lit(0)),
        m.say(_var("found", b.TEXT)),
    ]


def early_stop(s: Statements, scope: Scope) -> list[core.Statement]:
    """A stop that depends on a secret, then an unconditional send."""
    m = s.maker
    scope["flag"] = b.BOOL
    leave = [m.stop()] if s.random.random() < 0.5 else [m.return_("")]
    return [
        m.call("get_flag", "flag"),
        m.if_(_var("flag", b.BOOL), leave),
        m.call("post", to="a", body="still here"),
        m.remember("seen", True),
    ]


def two_sessions(s: Statements, scope: Scope) -> list[core.Statement]:
    """What one session stores, the next one sends."""
    m = s.maker
    scope["old"], scope["secret"] = TEXTS, b.TEXT
    return [
        m.recall("old", "notes", type_=TEXTS),
        m.for_("each", _var("old", TEXTS), [m.call("post", to="a", body=_var("each", b.TEXT))]),
        m.call("get_text", "secret"),
        m.remember("notes", _var("secret", b.TEXT)),
    ]


def five_iterations(s: Statements, scope: Scope) -> list[core.Statement]:
    """A leak that needs five turns of a loop."""
    m = s.maker
    names = ["a1", "a2", "a3", "a4", "a5"]
    for name in (*names, "secret"):
        scope[name] = b.TEXT
    scope["turn"] = b.INT
    shift = [m.let(t, _var(f, b.TEXT)) for t, f in zip(names[::-1], names[-2::-1], strict=False)]
    body = [
        m.call("post", to="a", body=_var("a5", b.TEXT)),
        *shift,
        m.let("a1", _var("secret", b.TEXT)),
        m.let("turn", core.Apply("+", (_var("turn", b.INT), b.lit(1)), b.INT, span=b.SPAN)),
    ]
    going = core.Apply("<", (_var("turn", b.INT), b.lit(6)), b.BOOL, span=b.SPAN)
    start = [m.let(name, "") for name in names]
    return [*start, m.let("turn", 0), m.call("get_text", "secret"), m.while_(going, body)]


def error_arm(s: Statements, scope: Scope) -> list[core.Statement]:
    """Whether a call on a secret failed shows in what is sent."""
    m = s.maker
    scope["secret"] = b.TEXT
    body = [m.call("search", query=_var("secret", b.TEXT), kind=b.lit(0))]
    if s.random.random() < 0.5:
        body.append(m.call("post", to="a", body="found"))
    handler = [m.call("post", to="a", body="failed")] if s.random.random() < 0.7 else [m.stop()]
    return [m.call("get_text", "secret"), m.retry(s.random.choice([1, 2]), body, handler), m.say("done")]


def refusal(s: Statements, scope: Scope) -> list[core.Statement]:
    """An approver who sees a secret decides about a public message."""
    m = s.maker
    scope["secret"] = b.TEXT
    otherwise = s.random.choice([None, [m.stop()], [m.let("secret", "none")]])
    return [
        m.call("get_text", "secret"),
        m.approve(
            "boss", "post", _var("secret", b.TEXT), to=b.lit("a"), body=b.lit("hi"), otherwise=otherwise
        ),
        m.call("post", to=b.lit("a"), body=b.lit("hi")),
    ]


def hidden_handle(s: Statements, scope: Scope) -> list[core.Statement]:
    """An agent that reads one thing and passes another on unread."""
    m = s.maker
    scope["out"] = b.TEXT
    hides = {"get_text"} if s.random.random() < 0.7 else set()
    may = ["get_text", "get_flag", "post", "read_log"]
    return [m.agent("worker", may, target="out", hides=hides, maximum=3)]


def relay(s: Statements, scope: Scope) -> list[core.Statement]:
    """A message to another principal carries what the answer does not; the receiver sends it."""
    m = s.maker
    scope["secret"], scope["heard"] = b.TEXT, b.TEXT
    return [
        m.call("get_text", "secret"),
        m.send("clerk", _var("secret", b.TEXT)),
        m.scope(
            "relay",
            None,
            [m.receive("heard"), m.call("post", to="a", body=_var("heard", b.TEXT))],
            principal="clerk",
        ),
    ]


def raw_and_released(s: Statements, scope: Scope) -> list[core.Statement]:
    """A value joined from a raw and a released part."""
    m = s.maker
    scope["secret"], scope["ok"] = b.TEXT, b.BOOL
    return [
        m.call("get_text", "secret"),
        m.release("judge", "ok", x=_var("secret", b.TEXT)),
        m.if_(
            _var("ok", b.BOOL),
            [m.call("post", to="a", body=_var("secret", b.TEXT))],
            [m.call("post", to="a", body="no")],
        ),
    ]


def choice_of_recipient(s: Statements, scope: Scope) -> list[core.Statement]:
    """A public text goes to a secret address: what is emitted may depend on it."""
    m = s.maker
    scope["secret"] = b.TEXT
    return [m.call("get_text", "secret"), m.call("post", to=_var("secret", b.TEXT), body="hello")]


def through_tools(s: Statements, scope: Scope) -> list[core.Statement]:
    """One tool writes a store, another reads it."""
    m = s.maker
    scope["secret"], scope["read"] = b.TEXT, b.TEXT
    return [
        m.call("get_text", "secret"),
        m.call("log", text=_var("secret", b.TEXT)),
        m.call("read_log", "read"),
        m.call("post", to="a", body=_var("read", b.TEXT)),
    ]


def list_length(s: Statements, scope: Scope) -> list[core.Statement]:
    """How often a loop turns shows in how much is sent."""
    m = s.maker
    scope["texts"] = TEXTS
    return [
        m.call("get_texts", "texts"),
        m.for_("each", _var("texts", TEXTS), [m.call("post", to="a", body="tick")]),
    ]


def inlined_return(s: Statements, scope: Scope) -> list[core.Statement]:
    """An early return of an inlined workflow decides what it sends afterwards, and nothing outside."""
    m = s.maker
    scope["secret"], scope["back"] = b.TEXT, b.TEXT
    asked = core.Apply("==", (_var("leave.p", b.TEXT), b.lit("go")), b.BOOL, span=b.SPAN)
    body = [m.if_(asked, [m.return_("early")]), m.call("post", to="a", body="late"), m.return_("late")]
    return [
        m.call("get_text", "secret"),
        m.scope("leave", "back", body, **{"leave.p": _var("secret", b.TEXT)}),
        m.call("publish", text="always"),
    ]


def key_of_a_store(s: Statements, scope: Scope) -> list[core.Statement]:
    """A secret key, or one key of a store updated, another one read."""
    m = s.maker
    scope["secret"], scope["kept"] = b.TEXT, b.TEXT
    key = _var("secret", b.TEXT) if s.random.random() < 0.5 else b.lit("go")
    return [
        m.call("get_text", "secret"),
        m.remember("kept", "here", key=key),
        m.recall("kept", "kept", key=b.lit(s.random.choice(["a", "go"])), type_=b.TEXT),
        m.call("post", to="a", body=_var("kept", b.TEXT)),
    ]


def free_agent(s: Statements, scope: Scope) -> list[core.Statement]:
    """An agent that may make many steps or few, and read before it sends; what it hands back is sent as well, or is not."""
    m = s.maker
    scope["made"] = b.TEXT
    may = ["get_text", "get_flag", *s.random.sample(["search", "norm", "read_log", "pay"], 1), "post"]
    hides = {"get_text"} if s.random.random() < 0.3 else set()
    agent = m.agent("free", may, target="made", hides=hides, maximum=s.random.choice([1, 1, 2, 3, 6]))
    after = m.call("post", to="a", body=_var("made", b.TEXT))
    handled = m.retry(1, [after], [m.say("not sent")])
    return [agent, *s.random.choice([[], [], [after], [handled]])]


def two_partitions(s: Statements, scope: Scope) -> list[core.Statement]:
    """One partition is written (perhaps only if), and another or the whole is read."""
    m = s.maker
    scope["secret"], scope["flag"], scope["kept"] = b.TEXT, b.BOOL, b.TEXT
    keys = [b.lit("a"), b.lit("go"), _var("request", b.TEXT)]
    write = m.remember("kept", _var("secret", b.TEXT), key=s.random.choice(keys))
    guarded = m.if_(_var("flag", b.BOOL), [write])
    read = m.recall("kept", "kept", key=s.random.choice(keys), type_=b.TEXT)
    return [
        m.call("get_text", "secret"),
        m.call("get_flag", "flag"),
        s.random.choice([write, guarded]),
        m.remember("kept", "plain", key=s.random.choice(keys)),
        read,
        m.call("post", to="a", body=_var("kept", b.TEXT)),
    ]


SHAPES: tuple[Shape, ...] = (
    zero_iterations,
    not_sending,
    early_stop,
    two_sessions,
    five_iterations,
    error_arm,
    refusal,
    hidden_handle,
    relay,
    raw_and_released,
    choice_of_recipient,
    through_tools,
    list_length,
    inlined_return,
    key_of_a_store,
    assigned_in_one_arm,
    undone_by_a_failure,
    made_in_a_retry,
    tool_writes_in_a_branch,
    chosen_from_a_store,
    first_of_two_arguments,
)

LATER: tuple[Shape, ...] = (free_agent, two_partitions)
"""Templates that came later: they are put behind a program that was drawn without them, so that seeds keep their meaning."""


def _var(name: str, type_: Type) -> core.Variable:
    return core.Variable(name, "local", type_, span=b.SPAN)
