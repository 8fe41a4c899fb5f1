"""Large, deep and odd files: answered in time that grows with the file, at a place, without a crash."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.dsl.elaboration.elaborate import Elaborated, load_all
from wfcheck.dsl.parsing.printer import format_source
from wfcheck.dsl.source import Source

TOOL = "tool t(a: text) -> text { effect read emits nothing returns {} }\nprincipal m is human\n"
SECONDS = 20.0  # of one processor; the quadratic versions took minutes


def workflow(body: str) -> str:
    return TOOL + "workflow w(x: text) {\n" + body + "\n}\n"


def loaded(folder: Path, text: str) -> Elaborated:
    file = folder / "main.wf"
    file.write_text(text, encoding="utf-8", newline="")
    start = time.process_time()
    made = load_all([file], library=stdlib.load, library_names=stdlib.names())
    assert time.process_time() - start < SECONDS
    assert all(d.span is not None or d.file is not None for d in made.diagnostics)
    return made


def codes(made: Elaborated) -> set[str]:
    return {d.code for d in made.diagnostics}


DEEP = {
    "round": "y = " + "(" * 20_000,
    "square": "y = " + "[" * 20_000,
    "curly": "y = " + "{" * 20_000,
    "not": "y = " + "not " * 20_000 + "true",
    "minus": "y = " + "-" * 20_000 + "1",
    "plus": "y = 1" + "+1" * 20_000,
    "implies": "y = true" + " implies true" * 20_000,
    "if": "y = " + "if true then 1 else " * 5_000 + "1",
    "members": "y = x" + ".a" * 20_000,
    "blocks": 'if x == "a" { ' * 5_000 + "}" * 5_000,
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
def test_what_is_nested_too_deeply_is_refused_at_its_place(body: str, tmp_path: Path) -> None:
    assert "WF111" in codes(loaded(tmp_path, workflow(body)))


MANY_ARGUMENTS = "tool t({})\nworkflow w() {{ t({}) }}".format(
    *(", ".join(f"a{i}: {what}" for i in range(4_000)) for what in ("int", "1"))
)
LARGE = {
    "statements": (workflow("y = t(a: x) " * 20_001), {"WF443"}),
    "branches": (workflow("parallel {" + "branch { t(a: x) }" * 2_000 + "}"), set()),
    "branches that clash": (workflow("parallel {" + "branch { y = 1 }" * 1_000 + "}"), {"WF426"}),
    "tools": ("".join(f"tool t{i}(a: text) -> text\n" for i in range(4_000)), set()),
    "arguments": (MANY_ARGUMENTS, set()),
    "unknown names": (workflow("".join(f"y{i} = nope{i}(x)\n" for i in range(3_000))), {"WF212"}),
    "definitions": (
        "define f0(x) = x + x\n" + "".join(f"define f{i}(x) = f{i - 1}(f{i - 1}(x))\n" for i in range(1, 40)),
        {"WF341"},
    ),
    "inlining": (
        workflow("t(a: x)")
        + "".join(f'workflow w{i}() {{ {f"w{i - 1}()" if i else "w(" + chr(34) * 2 + ")"} '
                  f'{f"w{i - 1}()" if i else ""} }}\n' for i in range(20)),
        {"WF443"},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), LARGE.values(), ids=LARGE)
def test_large_programs_take_no_quadratic_time(text: str, wanted: set[str], tmp_path: Path) -> None:
    found = codes(loaded(tmp_path, text))
    assert wanted <= found
    assert wanted or not {code for code in found if code != "WF441"}, found


def test_a_workflow_that_is_too_large_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    text = workflow("y = t(a: x)\n" * 20_001) + 'workflow small() { say "a" }\n'
    made = loaded(tmp_path, text)
    assert set(made.program.workflows) == {"small"}


def test_a_carriage_return_alone_is_refused(tmp_path: Path) -> None:
    made = loaded(tmp_path, TOOL + "# a comment\rpolicy p { r: forbid t }\n")
    (found,) = made.diagnostics
    assert (found.code, found.span and found.span.line) == ("WF005", 3)
    assert not loaded(tmp_path, TOOL.replace("\n", "\r\n")).diagnostics


def test_a_pipe_that_nobody_writes_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wf")
    made = load_all([tmp_path / "pipe.wf"], library=stdlib.load)
    (found,) = made.diagnostics
    assert (found.code, found.file) == ("WF003", str(tmp_path / "pipe.wf"))


BRACKETED = {
    "retry": "retry (2) { t(a: x) }",
    "shows": "approve t(a: x) by m shows (x), x within (2) steps",
    "send": "send (x), x to m",
    "repeat": 'repeat max (3) while x == "a" {}',
}


@pytest.mark.parametrize("body", BRACKETED.values(), ids=BRACKETED)
def test_an_operand_may_stand_in_brackets(body: str, tmp_path: Path) -> None:
    text = workflow("  " + body)
    assert codes(loaded(tmp_path, text)) <= {"WF441"}
    assert format_source(Source("main.wf", text)) == text


def test_tools_may_be_called_like_the_words_that_take_operands(tmp_path: Path) -> None:
    names = ("retry", "shows", "within", "send")
    tools = "".join(
        f"tool {name}(a: int) -> int {{ effect read emits nothing returns {{}} }}\n" for name in names
    )
    made = loaded(
        tmp_path, tools + "workflow w() {\n" + "".join(f"  {n}(1)\n  {n}(a: 2)\n" for n in names) + "}\n"
    )
    assert not made.diagnostics
    assert len(made.program.workflows["w"].body) == 8


def test_the_end_of_a_type_may_not_touch_the_sign_after_it(tmp_path: Path) -> None:
    made = loaded(tmp_path, TOOL + "track v: list<int>= [] { on t: v }\n")
    assert [(d.code, d.help) for d in made.diagnostics] == [
        ("WF101", "leave a blank between `>`, which ends the type, and `=`")
    ]


def test_misspelt_library_modules_are_suggested(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, "import std.mial\n").diagnostics
    assert (found.code, found.help) == ("WF206", "did you mean `std.mail`?")
