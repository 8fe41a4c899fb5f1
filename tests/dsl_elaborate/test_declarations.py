"""Declarations: silence is the worst case, groups, symbols, imports, scope of policies."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from wfcheck import stdlib
from wfcheck.dsl import core
from wfcheck.dsl.elaboration.elaborate import load, load_all
from wfcheck.dsl.types import ANY, TEXT, ListType, RefinedType

TAGS = "secrecy pii, key\ninfluence web, email\n"


def codes(made) -> list[str]:
    return [d.code for d in made.diagnostics]


def program(load_text, text: str, **more) -> core.Program:
    made = load_text(text, **more)
    assert not made.diagnostics, [(d.code, d.message) for d in made.diagnostics]
    return made.program


# ---------------------------------------------------------------- tools


def test_silence_of_a_tool_is_the_worst_case(load_text) -> None:
    made = program(load_text, TAGS + "tool t(a: text, b: int?)\n")
    tool = made.tools["t"]
    assert tool.effect is core.Effect.IRREVERSIBLE
    assert [(e.channel, e.arguments, e.condition) for e in tool.emits] == [("t", None, None)]
    assert [(r.path, r.tags) for r in tool.returns] == [((), {"pii", "key", "web", "email", "tool(t)"})]
    assert tool.result == ANY
    assert (tool.declared_effect, tool.declared_emits, tool.declared_returns) == (False, False, False)
    assert made.channels["t"] == core.Channel("t", None, True, span=tool.span)
    assert made.groups["external"].members == {"t"}
    assert [p.optional for p in tool.parameters] == [False, True]
    assert [p.sources for p in tool.parameters] == [None, None]


def test_what_a_tool_declares_replaces_the_worst_case(load_text) -> None:
    text = TAGS + (
        "channel out\nstore s: text\ntype R = {id: text, items: list<{body: text}>}\n"
        "tool t(a: text, n: int) -> R {\n effect write reads s writes s\n emits out (a) when n > 1\n"
        " returns { items[].body: {web}, id: {pii} } when result.id == a\n"
        " requires n > 0\n requires small: n < 9\n ensures echo: result.id == a\n ensures n > 0\n"
        ' independent of n\n accepts a: {pii, web}\n fresh id\n alias "x.t"\n}\n'
    )
    made = program(load_text, text)
    tool = made.tools["t"]
    assert tool.effect is core.Effect.WRITE
    assert (tool.reads, tool.writes) == ({"s"}, {"s"})
    assert [(e.channel, e.arguments, e.condition is not None) for e in tool.emits] == [("out", {"a"}, True)]
    assert {r.path: r.tags for r in tool.returns} == {("items", "[]", "body"): {"web"}, ("id",): {"pii"}}
    assert [c.name for c in tool.requires] == ["t.requires1", "t.small"]
    assert [c.name for c in tool.ensures] == ["t.echo", "t.ensures2"]
    assert tool.independent == {"n"}
    assert tool.accepts == (("a", {"pii", "web"}),)
    assert tool.fresh == (("id",),)
    assert tool.aliases == ("x.t",)
    assert (tool.declared_effect, tool.declared_emits, tool.declared_returns) == (True, True, True)
    assert "t" not in made.channels


def test_a_pure_tool_reads_emits_and_adds_nothing(load_text) -> None:
    made = program(load_text, TAGS + "tool t(a: text) -> text { pure }\n")
    tool = made.tools["t"]
    assert (tool.pure, tool.effect, tool.emits, tool.returns) == (True, core.Effect.READ, (), ())
    assert made.groups["external"].members == frozenset()


def test_emits_nothing_and_empty_returns_are_declarations(load_text) -> None:
    tool = program(load_text, TAGS + "tool t() { emits nothing returns {} }\n").tools["t"]
    assert (tool.emits, tool.declared_emits) == ((), True)
    assert ([r.tags for r in tool.returns], tool.declared_returns) == ([frozenset()], True)
    assert not tool.declared_effect


# ---------------------------------------------------------------- stores, principals, releases


def test_a_silent_store_starts_with_every_tag(load_text) -> None:
    made = program(
        load_text, TAGS + "principal p is agent\nstore s: list<text>\nstore e: text holds {}\ntool t()\n"
    )
    assert made.stores["s"].holds == {"pii", "key", "web", "email", "user", "model", "p", "tool(t)"}
    assert made.stores["e"].holds == frozenset()
    assert made.stores["s"].type == ListType(TEXT)


def test_principals(load_text) -> None:
    text = (
        TAGS + "principal p is human { clears {pii} trusts {web, user} acts for q }\nprincipal q is service\n"
    )
    made = program(load_text, text)
    p, q, user = made.principals["p"], made.principals["q"], made.principals["user"]
    assert (p.clears, p.trusts, p.acts_for) == ({"pii"}, {"web", "user", "p"}, "q")
    assert (q.clears, q.trusts) == (None, {"q"})
    assert (user.kind, user.clears, user.trusts) == ("human", None, {"user"})
    assert made.tags["p"].kind == "principal"


def test_releases(load_text) -> None:
    text = TAGS + (
        "principal p is human\ntype D = enum {yes, no, maybe}\n"
        "release d(x: text) -> D removes {pii, web} by p when length(x) > 1\n"
        "release clean(x: text) -> text removes {pii}\n"
        'release safe(x: text) -> text removes {web} when x like "ok"\n'
    )
    made = program(load_text, text)
    release = made.releases["d"]
    assert (release.removes, release.by) == ({"pii", "web"}, "p")
    assert release.bits == pytest.approx(1.585, abs=0.001)
    assert isinstance(release.condition, core.Apply)
    assert made.releases["clean"].bits is None
    assert {"via d", "via clean", "via approve"} <= made.tags.keys()
    assert made.tags["via d"].kind == "residue"


def test_tables_and_registers(load_text) -> None:
    text = (
        "tool pay(to: text, amount: decimal) -> text { effect write emits nothing returns {} }\n"
        'table t: {k: text, v: decimal, w: int?} = [{k: "a", v: 1}, {k: "b", v: 2, w: 3}]\n'
        "track spent: map<text, decimal> = {} {\n"
        "  on pay(to: T, amount: > 0): spent[T] := if known(spent[T]) then spent[T] + amount else amount\n}\n"
        'assume small: all k in ["a", "b"]: t[k].v < 5\n'
    )
    made = program(load_text, text)
    assert made.tables["t"].rows == (
        {"k": "a", "v": Fraction(1), "w": None},
        {"k": "b", "v": Fraction(2), "w": 3},
    )
    register = made.registers["spent"]
    assert register.updates[0].key == core.Variable("T", "binder", TEXT, span=register.span)
    assert isinstance(register.updates[0].value, core.Apply)
    assert [a.name for a in made.assumptions] == ["small"]


def test_refinements_stay_conditions(load_text) -> None:
    made = program(load_text, "type P = decimal where 0 < it and it <= 500\nstore s: P\n")
    type_ = made.stores["s"].type
    assert isinstance(type_, RefinedType)
    assert type_.name == "P"


# ---------------------------------------------------------------- groups


def test_built_in_groups(load_text) -> None:
    text = (
        TAGS
        + "channel safe clears {pii}\nchannel out\ngroup trusted += {email}\ntool t() { emits nothing }\n"
    )
    made = program(load_text, text)
    assert made.groups["external"].members == {"out"}
    assert made.groups["untrusted"].members == {"web", "tool(t)"}
    assert made.groups["trusted"].members == {"email"}


def test_groups_nest_and_grow(load_text) -> None:
    files = {
        "lib.wf": "secrecy pii, key\ngroup private = {pii}\ngroup later\ngroup both = {private, later}\n"
    }
    text = 'import "lib.wf" (private, later, key)\ngroup private += {key}\ngroup later += {key}\n'
    made = program(load_text, text, files=files)
    assert made.groups["private"].members == {"pii", "key"}
    assert made.groups["both"].members == {"pii", "key"}
    assert (made.groups["later"].open, made.groups["later"].kind) == (True, "tag")


def test_an_open_group_may_stay_empty(load_text) -> None:
    made = program(load_text, "group g\n")
    assert (made.groups["g"].open, made.groups["g"].kind, made.groups["g"].members) == (
        True,
        "empty",
        frozenset(),
    )


def test_kinds_of_groups(load_text) -> None:
    text = TAGS + (
        "channel c\nprincipal p is agent\ntool t() { emits nothing }\n"
        "group tools = {t}\ngroup channels = {c}\ngroup people = {p, user}\ngroup tags = {pii, p, tool(t)}\n"
    )
    groups = program(load_text, text).groups
    assert {name: groups[name].kind for name in ("tools", "channels", "people", "tags")} == {
        "tools": "tool",
        "channels": "channel",
        "people": "principal",
        "tags": "tag",
    }


# ---------------------------------------------------------------- files and names


def test_a_name_in_two_files_gets_two_symbols(load_text) -> None:
    files = {
        "a.wf": "tool t() { emits nothing }\nsecrecy only\n",
        "b.wf": 'import "a.wf" as a\ntool t()\ngroup g = {a.t}\n',
    }
    made = program(load_text, "", files=files, roots=("a.wf", "b.wf"))
    assert set(made.tools) == {"t@a.wf", "t@b.wf"}
    assert "only" in made.tags
    assert made.groups["g"].members == {"t@a.wf"}
    assert made.groups["external"].members == {"t@b.wf"}


def test_a_quoted_name_cannot_spell_the_symbol_of_another(load_text) -> None:
    files = {
        "a.wf": "tool t()\n",
        "b.wf": "tool t()\n",
        "c.wf": "tool `t@a.wf`() { emits nothing returns {} }\n",
    }
    made = load_text("", files=files, roots=("a.wf", "b.wf", "c.wf"))
    assert codes(made) == ["WF216"]


def test_a_file_imported_twice_is_one_module(load_text) -> None:
    files = {
        "org/base.wf": "secrecy pii\n",
        "org/b.wf": 'import "base.wf" (pii)\nchannel b clears {pii}\n',
        "c.wf": 'import "./org/../org/base.wf" as base\nchannel c clears {base.pii}\n',
    }
    text = 'import "org/b.wf" as b\nimport "c.wf" (c)\ngroup g = {b.b, c}\n'
    made = load_text(text, files)
    assert not made.diagnostics
    assert len(made.program.files) == 4
    assert [t for t in made.program.tags if t.startswith("pii")] == ["pii"]


def test_cycles_are_reported_once_with_every_import(load_text) -> None:
    files = {
        "b.wf": 'import "c.wf" as c\nchannel b\ngroup g = {c.c}\n',
        "c.wf": 'import "main.wf" as m\nchannel c\ngroup h = {m.a}\n',
    }
    made = load_text('import "b.wf" as b\nchannel a\ngroup k = {b.b}\n', files)
    assert codes(made) == ["WF207"]
    assert [label.span.file for label in made.diagnostics[0].labels] == ["main.wf", "b.wf"]


def test_clashes_show_both_places(load_text) -> None:
    files = {"a.wf": "channel c\n", "b.wf": "\nchannel c\n"}
    made = load_text('import "a.wf" (c)\nimport "b.wf" (c)\ngroup g = {c}\n', files)
    clash = next(d for d in made.diagnostics if d.code == "WF210")
    assert [(label.span.file, label.span.line) for label in clash.labels] == [("a.wf", 1), ("b.wf", 2)]


def test_an_alias_of_an_import(load_text) -> None:
    text = "import std.mail (send_email as mail)\ngroup g = {mail}\n"
    assert program(load_text, text).groups["g"].members == {"send_email"}


def test_a_failed_import_is_reported_once(load_text) -> None:
    text = 'import "nowhere.wf" (a, T)\nimport "elsewhere.wf" as e\nstore s: T\nstore u: e.T\nchannel c clears {a, e.b}\n'
    assert codes(load_text(text)) == ["WF205", "WF205"]


def test_a_failed_import_of_everything_hides_unknown_names(load_text) -> None:
    assert codes(load_text('import "nowhere.wf"\nstore s: T\nchannel c clears {a}\ndefine d() = x\n')) == [
        "WF205"
    ]


def test_syntax_errors_of_an_import_are_reported_once_and_hide_what_they_broke(load_text) -> None:
    files = {"lib.wf": "tool broken(a: ) -> text\nsecrecy pii\n"}
    made = load_text('import "lib.wf" as l\ngroup g = {l.broken}\nchannel c clears {l.pii, l.pij}\n', files)
    found = codes(made)
    assert sum(code.startswith("WF1") for code in found) == 1
    assert found.count("WF201") == 1
    assert len(found) == 2


def test_quoted_names_with_points(load_text) -> None:
    text = "secrecy `a.b`\nprincipal `p.q` is agent { clears {`a.b`} }\nprincipal r is agent { acts for `p.q` }\n"
    assert program(load_text, text).principals["r"].acts_for == "p.q"


@pytest.mark.parametrize("order", [("a.wf", "b.wf"), ("b.wf", "a.wf")])
def test_a_policy_holds_where_its_file_is_imported(load_text, order) -> None:
    files = {
        "p.wf": "tool t() { emits nothing }\npolicy p { no: forbid t }\n",
        "q.wf": 'import "p.wf"\n',
        "a.wf": 'import "q.wf"\nworkflow wa() { stop }\n',
        "b.wf": "workflow wb() { stop }\npolicy own { none: forbid say }\n",
    }
    made = load_text("", files, roots=order)
    rules = {rule.name: rule.workflows for rule in made.program.rules}
    assert rules["p.no"] == ("wa",)
    assert rules["own.none"] == ("wb",)
    everywhere = load_text("", files, roots=order, policies=("p.wf",))
    rules = {rule.name: set(rule.workflows) for rule in everywhere.program.rules}
    assert rules["p.no"] == {"wa", "wb"}


def test_bad_roots_do_not_stop_the_others(tmp_path: Path) -> None:
    good = tmp_path / "good.wf"
    good.write_text("channel c\n")
    (tmp_path / "bad.wf").write_bytes(b"\xff\xfe\x00")
    made, found = load([tmp_path / "nowhere.wf", tmp_path, tmp_path / "bad.wf", good], library=stdlib.load)
    assert "c" in made.channels
    assert len(found) == 3
    assert all(d.code.startswith("WF0") for d in found)


def test_three_kinds_of_mistakes_in_one_run(load_text) -> None:
    text = 'secrecy pii\ntool t(a: ) -> text\nchannel c clears {pi}\ntool u(a: int) { requires a == "x" }\n'
    found = codes(load_text(text))
    assert sum(code.startswith("WF1") for code in found) == 1
    assert {"WF201", "WF302"} <= set(found)


# ---------------------------------------------------------------- the example of the reference

REFUNDS = Path(__file__).parents[1] / "dsl_parser" / "samples" / "refunds.wf"


def test_the_example_elaborates_without_a_word() -> None:
    made = load_all([REFUNDS], library=stdlib.load)
    assert not made.diagnostics
    assert set(made.program.workflows) == {"handle"}
    assert made.program.releases["triage"].bits == pytest.approx(1.585, abs=0.001)
    assert made.program.channels["bank"].clears == {"pii"}


def test_the_same_files_give_the_same_program() -> None:
    first = load_all([REFUNDS], library=stdlib.load)
    second = load_all([REFUNDS], library=stdlib.load)
    assert repr(first.program) == repr(second.program)


def test_every_library_module_elaborates_without_a_word(load_text) -> None:
    text = "".join(f"import {name}\n" for name in stdlib.names())
    assert set(codes(load_text(text))) <= {"WF208"}


HISTORY = """
tool send(to: address, body: text) { effect write emits nothing returns {} }
define before(v) = any earlier send: to == v
track seen: list<address> = [] { on send(to: T): seen + [T] }
workflow w() { stop }
"""


def test_definitions_look_back(load_text) -> None:
    text = (
        HISTORY
        + "policy p {\n a: forbid send when before(to)\n b: forbid send(to: T) when before(T) or T in seen\n}\n"
    )
    rules = program(load_text, text).rules
    assert [rule.name for rule in rules] == ["p.a", "p.b"]
    assert all(isinstance(rule.body, core.Forbid) for rule in rules)


def test_definitions_that_would_capture_are_refused(load_text) -> None:
    text = HISTORY + "policy p { a: forbid send when any to in seen: before(to) }\n"
    assert codes(load_text(text)) == ["WF325"]
