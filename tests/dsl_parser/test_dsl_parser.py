"""Trees: precedence, soft words, and one tree of every kind that is easy to get wrong."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from wfcheck.dsl import syntax as s
from wfcheck.dsl.parsing.parser import parse, parse_expression
from wfcheck.dsl.source import Source

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.wf"))


def show(e: object) -> str:  # noqa: C901
    """An expression with all its brackets."""
    match e:
        case s.Name(text) | s.Ident(text):
            return text
        case s.IntLit(value) | s.TextLit(value):
            return repr(value)
        case s.BoolLit(value):
            return str(value).lower()
        case s.NoneLit():
            return "none"
        case s.RegexLit(pattern):
            return f"/{pattern}/"
        case s.Member(base, name):
            return f"{show(base)}.{name.text}"
        case s.Subscript(base, index):
            return f"{show(base)}[{'' if index is None else show(index)}]"
        case s.Apply(function, arguments):
            parts = [(f"{a.name.text}: " if a.name else "") + show(a.value) for a in arguments]
            return f"{show(function)}({', '.join(parts)})"
        case s.Unary(operator, operand):
            return f"({operator} {show(operand)})"
        case s.Binary(operator, left, right):
            return f"({show(left)} {operator} {show(right)})"
        case s.IfExpr(condition, then, otherwise):
            return f"(if {show(condition)} then {show(then)} else {show(otherwise)})"
        case s.Quantifier(kind, names, source, body):
            return f"({kind} {', '.join(n.text for n in names)} in {show(source)}: {show(body)})"
        case s.Earlier(event, body):
            assert isinstance(event, s.EventCall)
            return f"(any earlier {show(event.name)}: {show(body)})"
        case s.SetLit(items):
            return "{" + ", ".join(show(i) for i in items) + "}"
        case s.ListLit(items):
            return "[" + ", ".join(show(i) for i in items) + "]"
        case s.RecordLit(fields):
            return "{" + ", ".join(f"{f.name.text}: {show(f.value)}" for f in fields) + "}"
        case s.Via(name):
            return f"via {name.text}"
    raise AssertionError(e)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and not c", "(a or (b and (not c)))"),
        ("a implies b implies c or d", "(a implies (b implies (c or d)))"),
        ("a or b or c and d and e", "((a or b) or ((c and d) and e))"),
        ("not a == b", "(not (a == b))"),
        ("not a in b and c", "((not (a in b)) and c)"),
        ("a not in b", "(a not in b)"),
        ("a - b - c * d / e", "((a - b) - ((c * d) / e))"),
        ("- a * b", "((- a) * b)"),
        ("-a.b(1)[2]", "(- a.b(1)[2])"),
        ("a < b + c", "(a < (b + c))"),
        ("(a or b) and c", "((a or b) and c)"),
        ("any x in xs: x and y or z", "(any x in xs: ((x and y) or z))"),
        ("p and any x in xs: x and q", "(p and (any x in xs: (x and q)))"),
        ("p or not all x, y in zip(a, b): x == y", "(p or (not (all x, y in zip(a, b): (x == y))))"),
        ("if a then b else if c then d else e or f", "(if a then b else (if c then d else (e or f)))"),
        ("(count x in xs: x) <= 4", "((count x in xs: x) <= 4)"),
        ("count(xs) + min(1, 2) + max(3, 4)", "((count(xs) + min(1, 2)) + max(3, 4))"),
        ("max x in xs: x.n", "(max x in xs: x.n)"),
        ("any earlier input: c", "(any earlier input: c)"),
        ("any earlier in xs: c", "(any earlier in xs: c)"),
        ("{}", "{}"),
        ("{a}", "{a}"),
        ("{a: b}", "{a: b}"),
        ("{via: 1}", "{via: 1}"),
        ("{via a, via}", "{via a, via}"),
        ("f(true: 1, true)", "f(true: 1, true)"),
        ("if x then true else false", "(if x then true else false)"),
        ("count > 3 and from == message", "((count > 3) and (from == message))"),
        ("x.if.matches.all", "x.if.matches.all"),
        ("a[].b[0]", "a[].b[0]"),
        ("a matches /x/ and b like c", "((a matches /x/) and (b like c))"),
        ("in_ in in_", "(in_ in in_)"),
        ("not (a) and (b)", "((not a) and b)"),
        ("a in (b)", "(a in b)"),
    ],
)
def test_expressions(text: str, tree: str) -> None:
    value, wrong = parse_expression(text)
    assert not wrong, wrong
    assert show(value) == tree
    assert parse_expression(tree) == (value, ())


def _statements(text: str) -> tuple[s.Statement, ...]:
    module, wrong = parse(Source("x", "workflow w() {" + text + "}"))
    assert not wrong, wrong
    declaration = module.items[0].declaration
    assert isinstance(declaration, s.WorkflowDecl)
    return declaration.body.statements


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("say (a) say(b)", [s.SayStatement, s.SayStatement]),
        ("say = 1 say.x(1)", [s.Assign, s.CallStatement]),
        ("send(a) send a to b send (a) to b", [s.CallStatement, s.SendStatement, s.SendStatement]),
        ("x = y (z)", [s.Assign]),
        ("x = a b(1)", [s.Assign, s.CallStatement]),
        ("x = ask user a ask user a", [s.AskStatement, s.AskStatement]),
        ("receive receive from p x = receive y = 1", [s.ReceiveStatement] * 3 + [s.Assign]),
        ("stop stop \"x\"", [s.StopStatement, s.StopStatement]),
        ("return (a)", [s.ReturnStatement]),
        ("return", [s.ReturnStatement]),
        ("approve by m approve t(1) by m", [s.ApproveStatement, s.ApproveStatement]),
        ("from = a by = b shows = c steps = d", [s.Assign] * 4),
        ("if a { } else if b { } else { } x = 1", [s.IfStatement, s.Assign]),
        ("llm a(b) x = llm c()", [s.LlmStatement, s.LlmStatement]),
        ("x = llm y = agent z = recall", [s.Assign] * 3),
        ("remember (a) into b", [s.RememberStatement]),
    ],
)  # fmt: skip
def test_statements_end_where_the_next_begins(text: str, kinds: list[type]) -> None:
    assert [type(statement) for statement in _statements(text)] == kinds
    assert [type(statement) for statement in _statements(text.replace(" ", "\n"))] == kinds


def test_a_variable_named_like_a_prefix_keyword_needs_no_back_quotes_before_an_end() -> None:
    (statement,) = _statements("x = f(llm, agent) + recall")
    assert isinstance(statement, s.Assign)
    assert show(statement.value) == "(f(llm, agent) + recall)"


def _rules(text: str) -> tuple[s.Rule, ...]:
    module, wrong = parse(Source("x", "policy p {" + text + "}"))
    assert not wrong, wrong
    declaration = module.items[0].declaration
    assert isinstance(declaration, s.PolicyDecl)
    return declaration.rules


def _pattern(text: str) -> s.Pattern:
    body = _rules(f"r: forbid t(a: {text})")[0].body
    assert isinstance(body, s.ForbidRule)
    assert isinstance(body.event, s.EventCall)
    assert body.event.arguments is not None
    return body.event.arguments[0].pattern


def test_patterns() -> None:
    assert [type(_pattern(t)) for t in ("_", "same", "args", "X", "x", "-5", "{a}", "o.x")] == [
        s.AnyPattern, s.SamePattern, s.ArgsPattern, s.BinderPattern] + [s.LiteralPattern] * 4  # fmt: skip
    operators = '== 1|!= 1|< 1|<= 1|> 1|>= 1|in {1}|not in {1}|like "a"|contains "a"|startswith "a"|endswith "a"|matches /a/'
    for text in operators.split("|"):
        pattern = _pattern(text)
        assert isinstance(pattern, s.ComparePattern)
        assert text.startswith(pattern.operator)


def test_flow_ends_are_sets_until_something_is_an_event() -> None:
    bodies = [
        rule.body
        for rule in _rules(
            "a: forbid flow {x, via d} -> {y, z} b: forbid flow x by p -> {y(a: 1), z} explicit"
        )
    ]
    first, second = bodies
    assert isinstance(first, s.FlowRule)
    assert isinstance(second, s.FlowRule)
    assert show(first.source.value) == "{x, via d}"
    assert show(first.target.value) == "{y, z}"
    assert not first.explicit
    assert second.explicit
    assert isinstance(second.source.value, s.EventCall)
    assert isinstance(second.target.value, s.EventChoice)
    assert len(second.target.value.events) == 2


def test_before_end_is_a_deadline_only_after_after() -> None:
    before, after = (rule.body for rule in _rules("a: require x before end b: require x after y before end"))
    assert isinstance(before, s.BeforeRule)
    assert isinstance(before.judged, s.EventCall)
    assert show(before.judged.name) == "end"
    assert isinstance(after, s.AfterRule)
    assert after.within is None


def test_per_session_is_a_scope_of_a_limit_and_a_mark_of_other_rules() -> None:
    limit, order = _rules("a: limit count(x) <= 1 per x.id per session b: require x before y per session")
    assert not limit.per_session
    assert isinstance(limit.body, s.LimitRule)
    assert [show(scope) for scope in limit.body.scopes] == ["x.id", "session"]
    assert order.per_session


def test_rules_may_be_named_like_keywords_and_allow_may_go_unnamed() -> None:
    rules = _rules(
        "limit: limit count(x) <= 1 per run allow p: x, y allow: allow q: z check: check no unused grants"
    )
    assert [rule.name.text if rule.name else None for rule in rules] == ["limit", None, "allow", "check"]


def _declaration(text: str) -> s.Declaration:
    module, wrong = parse(Source("x", text))
    assert not wrong, wrong
    return module.items[0].declaration


def test_clauses_of_a_tool() -> None:
    tool = _declaration(
        "tool t(a: text from {user}) -> {x: int} { emits c emits c() emits c(a) when a > 1 emits nothing returns {} "
        "returns {a, tool(b)} when x returns {[].e.f: {}, g[\"h i\"][]: {via d}} ensures n: a ensures a requires a fresh [].x, y }"
    )  # fmt: skip
    assert isinstance(tool, s.ToolDecl)
    emits = [c for c in tool.clauses if isinstance(c, s.EmitsClause)]
    assert [c.arguments if c.arguments is None else len(c.arguments) for c in emits] == [None, 0, 1, None]
    assert [c.channel is None for c in emits] == [False, False, False, True]
    returns = [c for c in tool.clauses if isinstance(c, s.ReturnsClause)]
    assert [c.tags is None for c in returns] == [False, False, True]
    assert [p.path.steps for p in returns[2].paths] == [("[]", "e", "f"), ("g", "h i", "[]")]
    ensures = [c.contract.name for c in tool.clauses if isinstance(c, s.EnsuresClause)]
    assert [name.text if name else None for name in ensures] == ["n", None]
    assert [c.paths[0].steps for c in tool.clauses if isinstance(c, s.FreshClause)] == [("[]", "x")]


def test_clauses_of_a_workflow_stand_in_any_order() -> None:
    one = _declaration("workflow w(a: int) as p guarded once per session -> T requires a ensures b {}")
    two = _declaration("workflow w(a: int) ensures b -> T once per session requires a guarded as p {}")
    assert one == two
    assert isinstance(one, s.WorkflowDecl)
    assert (one.guarded, one.once_per_session, len(one.requires), len(one.ensures)) == (True, True, 1, 1)


def test_types() -> None:
    declaration = _declaration(
        'type t = {a: list<map<text, org.T?>>?, "b c": enum {x, "y z"}, c: int where it > 0}'
    )
    assert isinstance(declaration, s.TypeDecl)
    record = declaration.type
    assert isinstance(record, s.TypeRecord)
    assert [f.name.text for f in record.fields] == ["a", "b c", "c"]
    assert [type(f.type) for f in record.fields] == [s.TypeOption, s.TypeEnum, s.TypeRefined]


def test_entries_of_a_register() -> None:
    track = _declaration(
        "track v: map<text, int> = {} { on a: v[b] := 1 on a: v[b] on a for each x in y when z: {} }"
    )
    assert isinstance(track, s.TrackDecl)
    assert [update.key is not None for update in track.updates] == [True, False, False]
    assert track.updates[2].each is not None


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_samples_parse_and_every_node_lies_within_its_parent(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    module, wrong = parse(Source(path.name, text))
    assert not wrong
    _check_spans(module, text)


def _check_spans(node: object, text: str) -> None:
    for field in attrs.fields(type(node)):
        value = getattr(node, field.name)
        for child in value if isinstance(value, tuple) else (value,):
            for part in child if isinstance(child, tuple) else (child,):
                if attrs.has(type(part)) and hasattr(part, "span"):
                    assert node.span.start <= part.span.start <= part.span.end <= node.span.end, (node, part)  # type: ignore[attr-defined]
                    assert (
                        text[part.span.start : part.span.end].strip() == text[part.span.start : part.span.end]
                    )
                    _check_spans(part, text)
