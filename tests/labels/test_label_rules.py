"""The label rules, one small workflow each: exactly these tags reach the sink, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck.checker.labels.analysis import analyse
from wfcheck.dsl.elaboration import elaborate
from wfcheck.stdlib import load

PRELUDE = """
secrecy pii, key
influence mail, web
type Note = { title: text, body: text }
principal boss is human { trusts {mail} }
channel out
store box: list<text> holds {}
store old: list<text> holds {key}
tool secret() -> text { effect read  emits nothing  returns {pii} }
tool inbox() -> list<Note> { effect read  emits nothing  returns { [].body: {mail} } }
tool page(url: text) -> text { effect read  emits nothing  returns {web} }
tool ticket(about: text) -> text { effect write  emits nothing  returns {}  independent of about }
tool pair(first: text, second: text) -> text { effect read  emits nothing  returns {} }
tool keep(what: text) { effect write  writes box  emits nothing  returns {} }
tool look() -> text { effect read  reads box  emits nothing  returns {} }
tool sink(a: text) { effect irreversible  emits out  returns {} }
tool silent(a: text) -> text { emits nothing }
release mask(x: text) -> text removes {pii}
"""

CASES: dict[str, tuple[str, set[str], set[str]]] = {
    # name: body, tags of the argument `a` of `sink`, tags of the decision to call it
    "constants have no tag": ('sink("a")', set(), set()),
    "a parameter has the tags of its source": ("sink(p)", {"user"}, set()),
    "an operator joins": ("x = secret()\n y = page(p)\n sink(x + y)", {"pii", "web", "user"}, set()),
    "overwriting forgets": ('x = secret()\n x = "a"\n sink(x)', set(), set()),
    "fields are apart": ("for n in inbox() { sink(n.title) }", set(), set()),
    "a tagged field": ("for n in inbox() { sink(n.body) }", {"mail"}, set()),
    "records keep their fields apart": ('x = {title: secret(), body: "b"}\n sink(x.body)', set(), set()),
    "an argument flows into the result": ("x = page(secret())\n sink(x)", {"pii", "web"}, set()),
    "unless it is independent of it": ("x = ticket(secret())\n sink(x)", set(), set()),
    "a model mixes its context": (
        "x = llm m(secret(), p) -> bool\n if x { sink(p) }",
        {"pii", "model", "user"},
        {"pii", "model", "user"},
    ),
    "a branch raises both arms": ('if secret() == "a" { sink("x") }', {"pii"}, {"pii"}),
    "what neither arm assigned is not raised": (
        'y = "c"\n if secret() == "a" { x = "b" }\n sink(y)',
        set(),
        set(),
    ),
    "what one arm assigned is": ('x = "c"\n if secret() == "a" { x = "b" }\n sink(x)', {"pii"}, set()),
    "a loop is under the list's length": ("for n in many { sink(p) }", {"user", "web"}, {"web"}),
    "a stop is felt in the next round": (
        'for n in many { sink("a")\n if secret() == "a" { stop } }',
        {"pii", "web"},
        {"pii", "web"},
    ),
    "a stop is felt afterwards": ('if secret() == "a" { stop }\n sink("x")', {"pii"}, {"pii"}),
    "a return of an inlined workflow is not": ('x = inner()\n sink("x")', set(), set()),
    "but its result is": ("x = inner()\n sink(x)", {"pii"}, set()),
    "a release leaves a residue": ("x = mask(secret())\n sink(x)", {"via mask"}, set()),
    "a release removes no control label": (
        'if secret() == "a" { x = mask("m")\n sink(x) }',
        {"pii", "via mask"},
        {"pii"},
    ),
    "also where the decision is felt by nothing else": (
        'retry 2 { s = secret()\n x = mask("m") }\n sink(x)',
        {"pii", "via mask"},
        set(),
    ),
    "a store keeps its tags": (
        "remember secret() into box\n xs = recall box\n for x in xs { sink(x) }",
        {"pii"},
        {"pii"},
    ),
    "also what is written later": (
        "xs = recall box\n for x in xs { sink(x) }\n remember secret() into box",
        {"pii"},
        {"pii"},
    ),
    "also that something is written": (
        'if secret() == "a" { remember "x" into box }\n xs = recall box\n for x in xs { sink(x) }',
        {"pii"},
        {"pii"},
    ),
    "what an attempt binds is under what may have failed": (
        'retry 2 { x = page(p)\n y = "c" }\n sink(y)',
        {"web", "user"},
        set(),
    ),
    "a store starts with what it holds": ("xs = recall old\n for x in xs { sink(x) }", {"key"}, {"key"}),
    "tools write and read stores": ("keep(secret())\n x = look()\n sink(x)", {"pii"}, set()),
    "a refusal is felt afterwards": (
        'approve by boss shows page("u")\n sink("x")',
        {"web", "boss", "via approve"},
        {"web", "boss", "via approve"},
    ),
    "what an approver trusts does not steer": (
        'approve by boss shows mails\n sink("x")',
        {"boss", "via approve"},
        {"boss", "via approve"},
    ),
    "unless the refusal rejoins": ('approve by boss shows p else { x = "n" }\n sink("x")', set(), set()),
    "an answer is the principal's": ('x = ask boss "ok?"\n sink(x)', {"boss"}, set()),
    "a handler is under what may have failed": (
        'retry 1 { x = page(p) } on error { sink("f") }',
        {"web", "user"},
        {"web", "user"},
    ),
    "within an attempt too, if the run goes on": (
        'retry 2 { x = page(p)\n sink("s") }',
        {"web", "user"},
        {"web", "user"},
    ),
    "a single attempt without handler decides nothing": ('retry 1 { x = page(p)\n sink("s") }', set(), set()),
    "parallel branches are apart": (
        'parallel { branch { x = secret() } branch { sink("a") } }',
        set(),
        set(),
    ),
    "but a stop in one is felt in the other": (
        'parallel { branch { if secret() == "a" { stop } } branch { sink("a") } }',
        {"pii"},
        {"pii"},
    ),
    "also if the stop stands in the later branch": (
        'parallel { branch { sink("a") } branch { if secret() == "a" { stop } } }',
        {"pii"},
        {"pii"},
    ),
    "every argument counts": ('x = pair(secret(), "b")\n sink(x)', {"pii"}, set()),
    "an agent's calls carry its context": (
        "agent g(p) may { sink } max 2 steps",
        {"user", "model"},
        {"user", "model"},
    ),
    "and what it sees": (
        "agent g(p) may { secret, sink } max 2 steps",
        {"user", "model", "pii"},
        {"user", "model", "pii"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_exactly_these_tags_arrive(name: str, tmp_path: Path) -> None:
    body, argument, decision = CASES[name]
    text = (
        PRELUDE
        + 'workflow inner() -> text {\n if secret() == "a" { return "b" }\n return "c"\n}\n'
        + "workflow w(p: text from {user}, many: list<text> from {web}, mails: text from {mail}) {\n"
        + f" {body}\n}}\n"
    )
    path = tmp_path / "case.wf"
    path.write_text(text, encoding="utf-8")
    program, diagnostics = elaborate.load([path], policies=(), library=load)
    assert [d.message for d in diagnostics if d.severity.value == "error"] == []
    labelling = analyse(program)
    (act,) = [a for a in labelling.workflows["w"].acts.values() if a.kind == "call" and a.subject == "sink"]
    assert set(labelling.table.symbols(act.arguments["a"].every)) == argument
    assert set(labelling.table.symbols(act.decision)) == decision


def test_a_silent_tool_carries_every_tag(tmp_path: Path) -> None:
    path = tmp_path / "case.wf"
    path.write_text(PRELUDE + 'workflow w() {\n x = silent("a")\n sink(x)\n}\n', encoding="utf-8")
    program, _ = elaborate.load([path], policies=(), library=load)
    labelling = analyse(program)
    (act,) = [a for a in labelling.workflows["w"].acts.values() if a.subject == "sink"]
    declared = {s for s, t in program.tags.items() if t.kind in ("secrecy", "influence")}
    assert declared | {"tool(silent)"} <= set(labelling.table.symbols(act.arguments["a"].every))
