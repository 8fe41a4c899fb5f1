"""What an importer found, and the starter spec that says it."""

from __future__ import annotations

import attrs

from wfcheck.checker.importers.words import Namer, documentation, quoted
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

RESERVED = (
    "assistant",
    "session",
    "request",
    "work",
    "Place",
    "state",
    "turn",
    "made",
    "running",
    "scheduler",
    "next",
    "starter",
    "graph",
)
_MANY = "max 1_000_000 steps"
_BOUND = "  # The source sets no bound on the steps: write the one that your host keeps."


@attrs.frozen
class Tool:
    """A tool of a catalogue: its name there, a text about it, arguments with types (None: unknown), and the type of its result.
    `hints`: what the source claims of it; claims can only make it worse (`destructive`), the others are comments."""

    name: str
    about: str = ""
    arguments: tuple[tuple[str, str], ...] | None = None
    result: str = "any"
    hints: tuple[str, ...] = ()
    destructive: bool = False


@attrs.frozen
class Node:
    """A node of a graph: a tool of its own or, with `may`, an agent that can call the tools of these names."""

    name: str
    about: str = ""
    may: tuple[str, ...] | None = None


@attrs.frozen
class Draft:
    """`kind` and `source` tell where it comes from. With `nodes` it is a graph: `edges` lead from one to the other, from None
    where it starts and to None where it ends; else one agent may call every tool. `inputs`: tags of who else shapes the request."""

    kind: str
    source: str
    tools: tuple[Tool, ...] = ()
    nodes: tuple[Node, ...] = ()
    edges: frozenset[tuple[str | None, str | None]] = frozenset()
    about: str = ""
    inputs: tuple[str, ...] = ()


def render(draft: Draft) -> str:
    """The starter spec, formatted."""
    namer = Namer(RESERVED)
    tools = namer.all((tool.name for tool in draft.tools), "tool")
    tags = [namer(tag, "input") for tag in draft.inputs]
    lines = [
        f"# A starter, made by `wfcheck import {draft.kind}`. What the source does not say is the worst case:"
    ]
    lines += [
        "# no `effect` means irreversible, no `emits` means that arguments leave, no `returns` every tag.",
        "",
    ]
    lines += [f"influence {', '.join(tags)}"] if tags else []
    lines += ["principal assistant is agent", ""]
    for tool in draft.tools:
        lines += [*_tool(tool, tools[tool.name]), ""]
    work = _graph(draft, tools, namer) if draft.nodes else _agent(list(tools.values()))
    start = f"workflow session(request: any from {{{', '.join(['user', *tags])}}}) as assistant {{"
    if draft.nodes:
        declared, body = work
        lines += [*declared, "", *documentation(draft.about), start, *body, "}"]
    else:
        lines += [*documentation(draft.about), start, *work[1], "}"]
    lines += ["", *_policy()]
    return _formatted("\n".join(lines) + "\n")


def _tool(tool: Tool, name: str) -> list[str]:
    clauses = ["  effect irreversible"] if tool.destructive else []
    alias = quoted(tool.name[:1000])
    clauses += [f"  alias {alias}"] if alias is not None and name != tool.name else []
    lines = documentation(tool.about)
    lines += [
        line.replace("##", "#", 1)
        for hint in tool.hints
        for line in documentation(f"the source claims: {hint}")
    ]
    arguments = (("arguments", "any"),) if tool.arguments is None else tool.arguments
    head = f"tool {name}({', '.join(f'{n}: {t}' for n, t in arguments)}) -> {tool.result}"
    return [*lines, head + " {", *clauses, "}"] if clauses else [*lines, head]


def _may(names: list[str]) -> str:
    return "{ " + ", ".join([*names, "say"]) + " }"


def _agent(tools: list[str]) -> tuple[list[str], list[str]]:
    return [], [_BOUND, f"  agent work(request) may {_may(tools)} {_MANY}"]


def _graph(draft: Draft, tools: dict[str, str], namer: Namer) -> tuple[list[str], list[str]]:
    """A loop in which any node that an edge has led to may come next, any number of times: this covers branches, fans and loops."""
    names = namer.all((node.name for node in draft.nodes), "node")
    finish = namer("finish", "place")
    due: dict[str | None, str] = {
        None: namer("due_finish", "place"),
        **{name: namer(f"due_{own}", "place") for name, own in names.items()},
    }
    starts = {target for source, target in draft.edges if source is None}
    declared: list[str] = []
    for node in draft.nodes:
        if node.may is None:
            bound = Tool(node.name, node.about, (("state", "any"),))
            declared += _tool(bound, names[node.name])
    declared += ["type Place = enum {" + ", ".join([*names.values(), finish]) + "}"]
    body = [
        "  # Any node that an edge has led to may run next, again and again: this covers branches, fans and loops."
    ]
    body += [
        "  # Edges are those of the source: a jump that it does not show (such as `Command`) is not covered."
    ]
    body += [] if all(node.may is None for node in draft.nodes) else [_BOUND]
    body += ["  state = request", "  running = true"]
    body += [f"  {own} = {'true' if name in starts else 'false'}" for name, own in due.items()]
    body += ["  repeat while running {", "    turn = llm scheduler(state) -> Place", "    match turn {"]
    for node in draft.nodes:
        act = _act(node, names[node.name], tools, namer)
        reached = sorted(due[t] for s, t in draft.edges if s == node.name and t in due)
        body += [
            f"case {names[node.name]} {{ if {due[node.name]} {{",
            act,
            *(f"{own} = true" for own in reached),
            "} }",
        ]
    body += [f"case {finish} {{ if {due[None]} {{ running = false }} }}", "    }", "  }"]
    return declared, body


def _act(node: Node, name: str, tools: dict[str, str], namer: Namer) -> str:
    if node.may is None:
        return f"state = [state, {name}(state: state)]"
    step = namer(f"{name}_work", "step")
    known = [tools[tool] for tool in dict.fromkeys(node.may) if tool in tools]
    return f"made = agent {step}(state) may {_may(known)} {_MANY} -> any\nstate = [state, made]"


def _policy() -> list[str]:
    return [
        "policy starter {",
        "  ## What tools returned does not decide a call that cannot be taken back.",
        "  @severity(high)",
        "  steered: require decision of call(effect: irreversible) from only {user, model}",
        "}",
    ]


def _formatted(text: str) -> str:
    found = format_source(Source("starter.wf", text))
    if not isinstance(found, str):
        raise RuntimeError(f"the starter is no spec: {found[0].message}: {text[:2000]}")
    return found
