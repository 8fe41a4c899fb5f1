"""Large workflows of known size, as text and as core programs: straight-line, branchy and loopy, with any number of flow rules.

The secret side of a workflow (what `read0` to `read9` return, and what models make of it) is kept apart from the public side (the
request, and what is posted), so that every rule holds, yet no value of the secret side is free of tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias, assert_never

import attrs

from wfcheck import stdlib
from wfcheck.dsl import core, types
from wfcheck.dsl.elaboration.elaborate import load
from wfcheck.dsl.source import Span

Shape: TypeAlias = Literal["straight", "branchy", "loopy", "nested"]
SHAPES: tuple[Shape, ...] = ("straight", "branchy", "loopy", "nested")
KINDS = 10
DEPTH = 8
TEXT, BOOL, TEXTS = types.TEXT, types.BOOL, types.ListType(types.TEXT)


@attrs.frozen
class Read:
    """target = readN()"""

    target: str
    kind: int


@attrs.frozen
class Mix:
    """target = llm target(parts)"""

    target: str
    parts: tuple[str, ...]


@attrs.frozen
class Post:
    """postN(to: "a", body: value)"""

    kind: int
    value: str


@attrs.frozen
class Flag:
    """target = flag()"""

    target: str


@attrs.frozen
class Many:
    """target = list()"""

    target: str


@attrs.frozen
class If:
    """if condition { then } else { otherwise }"""

    condition: str
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]


@attrs.frozen
class For:
    """for item in source { body }"""

    item: str
    source: str
    body: tuple[Step, ...]


Step: TypeAlias = Read | Mix | Post | Flag | Many | If | For


def steps(shape: Shape, size: int) -> tuple[Step, ...]:
    """About `size` statements."""
    made: list[Step] = [Flag("f"), Many("m"), Read("s0", 0)]
    number = 0
    while number * 10 + 3 < size:
        number += 1
        made += _group(shape, number)
    return tuple(made)


def _group(shape: Shape, n: int) -> list[Step]:
    """Ten statements; `sN` is of the secret side, `pN` of the public one."""
    kind = n % KINDS
    last = f"s{n - 1}"
    plain: list[Step] = [Read(f"r{n}", kind), Post(kind, "request"), Mix(f"p{n}", ("request",))]
    mixed: list[Step] = [Post((kind + 1) % KINDS, f"p{n}"), Post(kind, f"p{n}"), Post(0, "request")]
    ends: list[Step] = [Read(f"t{n}", kind), Read(f"u{n}", 0)]
    match shape:
        case "straight":
            inner: list[Step] = [*mixed, *ends, Post(1, "request")]
        case "branchy":
            inner = [If("f", tuple(mixed[:2]), tuple(ends)), mixed[2]]
        case "loopy":
            inner = [For(f"i{n}", "m", (*mixed, *ends))]
        case "nested":
            inner = [_nest(n, DEPTH)] if n % 3 == 0 else [*mixed, *ends, Post(1, "request")]
        case _:
            assert_never(shape)
    return [*plain, *inner, Mix(f"s{n}", (last, f"r{n}"))]


def _nest(n: int, depth: int) -> Step:
    body: tuple[Step, ...] = (Post(1, "request"), Read(f"v{n}", 1))
    for level in range(depth):
        body = (For(f"i{n}_{level}", "m", body),)
    return body[0]


# ---------------------------------------------------------------- text


def text(shape: Shape, size: int, rules: int) -> str:
    """The whole file; flow rules alternate between tags and tools as sources."""
    return "\n".join([*_declarations(), "", *_workflow(steps(shape, size)), "", *_policy(rules), ""])


def _declarations() -> Iterator[str]:
    yield "secrecy " + ", ".join(f"sec{k}" for k in range(KINDS))
    for k in range(KINDS):
        yield f"channel ch{k}"
        yield f"tool read{k}() -> text {{ effect read emits nothing returns {{sec{k}}} }}"
        yield f"tool post{k}(to: text, body: text) {{ effect irreversible emits ch{k} returns {{}} }}"
    yield "tool flag() -> bool { effect read emits nothing returns {} }"
    yield "tool many() -> list<text> { effect read emits nothing returns {} }"


def _policy(rules: int) -> Iterator[str]:
    yield "policy kept {"
    for n in range(rules):
        source = f"sec{n % KINDS}" if n % 2 else f"read{n % KINDS}"
        yield f"  rule{n}: forbid flow {source} -> ch{n // KINDS % KINDS}"
    yield "}"


def _workflow(body: Sequence[Step]) -> Iterator[str]:
    yield "workflow w(request: text from {user}) {"
    yield from _lines(body, "  ")
    yield "}"


def _lines(body: Sequence[Step], indent: str) -> Iterator[str]:
    for step in body:
        match step:
            case Read(target=target, kind=kind):
                yield f"{indent}{target} = read{kind}()"
            case Mix(target=target, parts=parts):
                yield f"{indent}{target} = llm mix_{target}({', '.join(parts)})"
            case Post(kind=kind, value=value):
                yield f'{indent}post{kind}(to: "a", body: {value})'
            case Flag(target=target):
                yield f"{indent}{target} = flag()"
            case Many(target=target):
                yield f"{indent}{target} = many()"
            case If(condition=condition, then=then, otherwise=otherwise):
                yield f"{indent}if {condition} {{"
                yield from _lines(then, indent + "  ")
                yield f"{indent}}} else {{"
                yield from _lines(otherwise, indent + "  ")
                yield f"{indent}}}"
            case For(item=item, source=source, body=inner):
                yield f"{indent}for {item} in {source} {{"
                yield from _lines(inner, indent + "  ")
                yield f"{indent}}}"
            case _:
                assert_never(step)


# ---------------------------------------------------------------- core


def program(shape: Shape, size: int, rules: int) -> core.Program:
    """The same as a resolved program, without parsing the workflow."""
    known = elaborated(text(shape, 3, rules))
    workflow = known.workflows["w"]
    body = _Maker(workflow.span).block(steps(shape, size))
    return attrs.evolve(known, workflows={"w": attrs.evolve(workflow, body=body)})


def elaborated(source: str) -> core.Program:
    """The program of a text; raises ValueError if anything in it is wrong."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "scale.wf"
        path.write_text(source)
        made, found = load([path], library=stdlib.load)
    if errors := [d for d in found if d.severity.value == "error"]:
        raise ValueError(f"{errors[0].code}: {errors[0].message}")
    return made


@attrs.define
class _Maker:
    span: Span
    made: int = 0

    def _id(self) -> str:
        self.made += 1
        return f"w.{self.made}"

    def block(self, body: Sequence[Step]) -> core.Block:
        """Statements with ids of their own."""
        return tuple(self._statement(step) for step in body)

    def _local(self, name: str, type_: types.Type = TEXT) -> core.Variable:
        return core.Variable(name, "local", type_, span=self.span)

    def _call(self, target: str | None, tool: str, **arguments: core.Expr) -> core.Call:
        return core.Call(self._id(), target or tool, target, tool, tuple(arguments.items()), span=self.span)

    def _statement(self, step: Step) -> core.Statement:
        match step:
            case Read(target=target, kind=kind):
                return self._call(target, f"read{kind}")
            case Mix(target=target, parts=parts):
                context = tuple(map(self._local, parts))
                return core.Llm(self._id(), f"mix_{target}", target, context, TEXT, (), span=self.span)
            case Post(kind=kind, value=value):
                to = core.Literal("a", TEXT, span=self.span)
                return self._call(None, f"post{kind}", to=to, body=self._local(value))
            case Flag(target=target):
                return self._call(target, "flag")
            case Many(target=target):
                return self._call(target, "many")
            case If(condition=condition, then=then, otherwise=otherwise):
                made = self._id()
                blocks = self.block(then), self.block(otherwise)
                return core.If(made, self._local(condition, BOOL), *blocks, span=self.span)
            case For(item=item, source=source, body=body):
                made = self._id()
                return core.For(
                    made, item, self._local(source, TEXTS), None, self.block(body), span=self.span
                )
            case _:
                assert_never(step)
