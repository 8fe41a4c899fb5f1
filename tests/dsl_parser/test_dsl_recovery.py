"""After a mistake the parser goes on: each is reported once, at its place, with help; what is good stays in the tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.dsl import syntax as s
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.source import Source


def report(text: str) -> list[tuple[str, int, int, str]]:
    return [(d.code, d.span.line, d.span.column, d.help or "") for d in parse(Source("x", text))[1] if d.span]


def names(text: str) -> list[str]:
    return [item.declaration.name.text for item in parse(Source("x", text))[0].items]  # type: ignore[union-attr]


def test_three_independent_mistakes_give_three_diagnostics() -> None:
    text = (
        "tool refund(order: text amount: decimal)\n"
        "workflow w(x: text) {\n"
        "  y = = 3\n"
        "  say y\n"
        "}\n"
        "policy p {\n"
        "  a: requir approve before refund\n"
        "  b: forbid refund\n"
        "}\n"
        "tool good()\n"
    )
    assert [(c, line, column) for c, line, column, _ in report(text)] == [
        ("WF101", 1, 25),
        ("WF101", 3, 7),
        ("WF114", 7, 6),
    ]
    assert report(text)[0][3] == "expected `)`, `,` or `from`"
    assert report(text)[1][3].startswith("expected an expression")
    assert report(text)[2][3] == "did you mean `require`?"
    assert names(text) == ["w", "p", "good"]
    module, _ = parse(Source("x", text))
    workflow, policy = module.items[0].declaration, module.items[1].declaration
    assert isinstance(workflow, s.WorkflowDecl)
    assert [type(x) for x in workflow.body.statements] == [s.SayStatement]
    assert isinstance(policy, s.PolicyDecl)
    assert [rule.name.text for rule in policy.rules if rule.name] == ["b"]


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "help_"),
    [
        ("wrokflow w() {}", "WF114", 1, 1, "did you mean `workflow`?"),
        ("Tool t()", "WF114", 1, 1, "did you mean `tool`?"),
        ("workflow w() {\n  aprove t() by m\n}", "WF114", 2, 3, "did you mean `approve`?"),
        ("workflow w() {\n  x = a ad b\n}", "WF114", 2, 9, "did you mean `and`?"),
        ("workflow w() {\n  match x {\n    csae a {}\n  }\n}", "WF114", 3, 5, "did you mean `case`?"),
        ("tool t() {\n  efect read\n}", "WF114", 2, 3, "did you mean `effect`?"),
        ("define a = 1 +\ndefine b = 2", "WF101", 2, 1, "expected an expression"),
        ("define a = b < c < d", "WF101", 1, 18, "comparisons do not chain: write `a < b and b < c`"),
        ("define a = max", "WF102", 1, 15, "expected `(` or a name"),
        ("tool t(max: int)", "WF113", 1, 8, "as a name it is written in back-quotes: `` `max` ``"),
        ("tool t() -> {a: }", "WF101", 1, 17, "expected `any`, `enum`, `{` or a name"),
        ("type t = list<int, int>", "WF119", 1, 10, "only `list<T>` and `map<K, V>` take types"),
        ("principal p is human { clears {a} clears {b} }", "WF117", 1, 35, "keep one of them"),
        ("tool t()\nimport std.mail", "WF115", 2, 1, "move it to the top of the file"),
        ("policy p { forbid t }", "WF116", 1, 12, "put a name and `:` before it"),
        ("track v: int = 0 { on a: v.w := 1 }", "WF123", 1, 26, "write `v[key] := value`, v being the register itself"),
        ("policy p { r: require a.b from only {x when 1 from only {y}} }", "WF120", 1, 45,
         "write an argument, such as `read_file.path from only {user}`"),
        ("tool t() { fresh a[1] }", "WF120", 1, 18, 'a path is made of names, `[]` and `["odd name"]`'),
        ("policy p { r: limit sum(a) < 3 per run }", "WF101", 1, 28, "expected `<=`"),
        ("workflow w() { t() to p }", "WF101", 1, 16, "only `send` takes `to`: `send value to principal`"),
    ],
)  # fmt: skip
def test_places_and_help(text: str, code: str, line: int, column: int, help_: str) -> None:
    assert report(text) == [(code, line, column, help_)]


@pytest.mark.parametrize(
    ("text", "found", "kept"),
    [
        ("tool t(", [("WF103", 1, 7)], ["t"]),
        ("workflow w() {\n  x = f(1\n  say x\n}\ntool t()", [("WF103", 2, 8)], ["w", "t"]),
        ("workflow w() {\n  if a {\n    say x\n}\ntool t()", [("WF103", 2, 8)], ["w", "t"]),
        ("workflow w() {\n  say x\n\ntool t() {\n}\n", [("WF103", 1, 14)], ["w", "t"]),
        ("workflow w() {\n  if a {\n    say x\n  }\n  }\n  say y\n}\ntool t()", [("WF104", 5, 3)], ["w", "t"]),
        ("tool t())\ntool u()", [("WF104", 1, 9)], ["t", "u"]),
        ("tool t(]\ntool u()", [("WF103", 1, 7), ("WF104", 1, 8)], ["t", "u"]),
        ("}\ntool t()", [("WF104", 1, 1)], ["t"]),
    ],
)  # fmt: skip
def test_unbalanced_brackets_name_the_bracket(
    text: str, found: list[tuple[str, int, int]], kept: list[str]
) -> None:
    assert [(c, line, column) for c, line, column, _ in report(text)] == found
    assert names(text) == kept


def test_an_unclosed_bracket_says_what_came_first() -> None:
    (mistake,) = parse(Source("x", "workflow w() {\n  say x\n\ntool t()\n"))[1]
    assert mistake.message == "this `{` is never closed"
    assert [(label.text, label.span.line) for label in mistake.labels] == [("`tool` begins a declaration", 4)]


def test_a_flood_of_mistakes_ends() -> None:
    text = "workflow w() {\n" + "  x = = 1\n" * 5000 + "}\n"
    assert 40 < len(report(text)) < 60


def test_every_truncation_of_a_sample_is_refused_or_good() -> None:
    text = (Path(__file__).parent / "samples" / "refunds.wf").read_text(encoding="utf-8")
    for end in range(0, len(text), 7):
        module, wrong = parse(Source("x", text[:end]))
        assert all(d.span is not None and d.help for d in wrong)
        assert len(wrong) <= 6
        assert len(module.items) <= 13
