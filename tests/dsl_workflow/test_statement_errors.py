"""Every diagnostic about a workflow body stands at its place, and alone."""

from __future__ import annotations

import pytest

CASES = {
    "unassigned after a branch": """workflow w(n: int) {
  if n > 1 { x = 1 }
  say text(x) # expect: WF401
}""",
    "unassigned after a loop": """workflow w(xs: list<text>) {
  for t in xs { last = t }
  say last # expect: WF401
}""",
    "unassigned after a retry": """workflow w(t: text) {
  retry 2 { r = refund(t, 1) } on error { say t }
  say r.id # expect: WF401
}""",
    "parameter twice": """workflow w(t: text,
  t: text) { say t } # expect: WF402
""",
    "another type": """workflow w(t: text) {
  x = counter()
  say text(x)
  x = refund(t, 1) # expect: WF403
}""",
    "another type of an expression": """workflow w(t: text) {
  x = 1
  x = t # expect: WF301
  say text(x)
}""",
    "step twice": """workflow w(t: text) {
  a = llm think(t)
  b = llm think(a) # expect: WF404
  say b
}""",
    "contract twice": """workflow w(n: int)
  requires low: n > 0
  requires low: n < 9 { # expect: WF405
}""",
    "missing argument": """workflow w(t: text) {
  refund(t) # expect: WF406
}""",
    "unknown argument": """workflow w(t: text) {
  refund(ordr: t, amount: 1) # expect: WF406 WF407
  refund(t, 1, 2) # expect: WF407
}""",
    "argument twice": """workflow w(t: text) {
  refund(t, 1, order: t) # expect: WF408
}""",
    "argument of another type": """workflow w(t: text) {
  refund(order: 5, amount: 1) # expect: WF301
}""",
    "lazy call": """workflow w(n: int) {
  if n > 1 and counter() > 2 { say "x" } # expect: WF409
}""",
    "positional after named": """workflow w(t: text) {
  refund(order: t, 1) # expect: WF406 WF410
}""",
    "recursion": """workflow w(t: text) { v(t) } # expect: WF411
workflow v(t: text) { w(t) }
""",
    "no result": """workflow w() {
  x = v() # expect: WF412
  say x
}
workflow v() { say "x" }""",
    "no effect": """workflow w(t: text) {
  length(t) # expect: WF413
}""",
    "return without a value": """workflow w(t: text) -> int {
  say t
  return # expect: WF414
}""",
    "return of another type": """workflow w(t: text) -> int {
  return t # expect: WF301
}""",
    "loop over no list": """workflow w(n: int) {
  for x in n { say text(x) } # expect: WF415
}""",
    "store without keys": """workflow w(t: text) {
  remember t into notes[t] # expect: WF416
  remember 3 into prefs # expect: WF416
  remember 3 into notes # expect: WF301
}""",
    "where without elements": """workflow w() {
  x = recall single where it == "a" # expect: WF417
  say text(length(x))
}""",
    "path without return": """workflow w(n: int) -> int { # expect: WF418
  if n > 1 { return 1 }
}""",
    "hidden but not allowed": """workflow w(t: text) {
  agent a(t) may { fetch } hides { lookup } max 2 steps # expect: WF420
}""",
    "allowed twice": """workflow w(t: text) {
  agent a(t) may { fetch, fetch } max 2 steps # expect: WF421
}""",
    "which store": """workflow w(t: text) {
  agent a(t) may { remember } max 2 steps # expect: WF422
}""",
    "steps not constant": """workflow w(t: text) {
  agent a(t) may { fetch } max 0 steps # expect: WF423
  for x in [t] max 0 { say x } # expect: WF423
  retry 0 { say t } # expect: WF423
}""",
    "group of something else": """group people = {helper, other}
workflow w(t: text) {
  agent a(t) may { people } max 2 steps # expect: WF424
}""",
    "within nothing": """workflow w(t: text) {
  approve by manager shows t within 0s # expect: WF425
}""",
    "interference": """workflow w(t: text) {
  parallel {
    branch { x = fetch("https://a.example") }
    branch { y = x } # expect: WF426
  }
  say x say y
}""",
    "both write": """workflow w(t: text) {
  parallel {
    branch { x = fetch("https://a.example") }
    branch { x = t } # expect: WF426
  }
  say x
}""",
    "reserved sign": """workflow w(t: text) {
  `a.b` = t # expect: WF427
  say `a.b`
}""",
    "missing members": """workflow w(d: Decision, b: bool, o: text?) {
  match d { case pay { say "x" } } # expect: WF430
  match b { case true { say "x" } } # expect: WF430
  match o { case none { say "x" } } # expect: WF430
  match o { case x { say x } } # expect: WF430
}""",
    "open domain": """workflow w(n: int) {
  match n { case 1 { say "x" } } # expect: WF430
}""",
    "unreachable case": """workflow w(n: int, d: Decision) {
  match n { case _ { say "x" } case 1 { say "y" } } # expect: WF431
  match d { case pay, refuse, escalate { say "x" } case _ { say "y" } } # expect: WF431
}""",
    "value twice": """workflow w(n: int) {
  match n { case 1 { say "x" } case 1 { say "y" } case _ { say "z" } } # expect: WF432
}""",
    "unfit case": """workflow w(n: int, o: text?) {
  match n { case none { say "x" } case _ { say "y" } } # expect: WF433
  match n { case "a" { say "x" } case _ { say "y" } } # expect: WF301
}""",
    "binder beside others": """workflow w(n: int) {
  match n { case 1, m { say text(1) } } # expect: WF434
}""",
    "no member": """workflow w(d: Decision) {
  match d { case pya { say "x" } case _ { say "y" } } # expect: WF435
}""",
    "unreachable statement": """workflow w(t: text) {
  stop
  say t # expect: WF440
}""",
    "unused variable": """workflow w(t: text) {
  x = length(t) # expect: WF441
  r = refund(t, 1) # expect: WF441
  _ignored = refund(t, 1)
}""",
    "unknown variable": """workflow w(request: text) {
  say requst # expect: WF211
}""",
    "unknown principal": """workflow w(t: text) {
  send t to halper # expect: WF201
}""",
    "option as a value": """workflow w(o: text?) {
  say upper(o) # expect: WF304
}""",
    "stale knowledge": """workflow w(o: text?, p: text?) {
  q = o
  if q != none {
    say q
    q = p
    say q
    say upper(q) # expect: WF304
  }
}""",
    "stale knowledge after a branch": """workflow w(o: text?, p: text?) {
  q = o
  if q == none { stop } else { q = p }
  say upper(q) # expect: WF304
}""",
    "stale knowledge in a loop": """workflow w(o: text?, p: text?, xs: list<text>) {
  q = o
  if q != none {
    for x in xs {
      say upper(q) # expect: WF304
      q = p
      say x
    }
  }
}""",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_diagnostics_stand_where_they_are_marked(marked, text):
    for found in marked(text):
        assert found.message[0] in "`abcdefghijklmnopqrstuvwxyz"
        assert not found.message.endswith(".")


def test_a_possibly_unassigned_variable_names_the_path(marked):
    (found,) = marked("""workflow w(n: int) {
  if n > 1 { x = 1 }
  say text(x) # expect: WF401
}""")
    assert any("unless `n > 1`" in label.text for label in found.labels)
    assert any(label.text == "assigned here" for label in found.labels)


def test_misspelt_arguments_are_suggested(marked):
    found = marked('workflow w() {\n  refund(ordr: "x", order: "y", amount: 1) # expect: WF407\n}')
    assert found[0].help == "did you mean `order`?"


def test_interference_is_reported_once_for_a_pair(marked):
    marked("""workflow w(xs: list<text>) {
  parallel {
    branch { for x in xs { say x } }
    branch { for x in xs { say x } } # expect: WF426
  }
}""")


def test_interference_names_both_places(marked):
    found = marked(CASES["both write"])
    assert found[0].labels


def test_missing_members_are_named(marked):
    found = marked("""workflow w(d: Decision) {
  match d { case pay { say "x" } } # expect: WF430
}""")
    assert "`refuse` and `escalate`" in found[0].message


@pytest.mark.parametrize(
    "text",
    [
        "workflow w(n: int) { if n > 1 { x = 1 } else { x = 2 } say text(x) }",
        "workflow w(n: int) { if n > 1 { x = 1 } else { stop } say text(x) }",
        "workflow w(n: int) { x = 0 repeat while x < n { x = x + 1 } say text(x) }",
        "workflow w(t: text) { retry 2 { r = refund(t, 1) } on error { stop } say r.id }",
        "workflow w(t: text) { approve by manager else { stop } say t }",
        "workflow w(d: Decision) { match d { case pay { x = 1 } case refuse { x = 2 } case escalate { stop } } say text(x) }",
        "workflow w(n: int) -> int { if n > 1 { return 1 } else { return 2 } }",
        "workflow w(xs: list<text>) { for x in xs { for y in xs { say x say y } } }",
    ],
)
def test_what_is_assigned_on_every_path_is_no_mistake(clean, text):
    clean(text)


def test_deep_nesting_is_refused_politely(program):
    deep = "workflow w(n: int) { " + "if n > 1 { " * 150 + 'say "x"' + " }" * 150 + " }"
    _, diagnostics = program(deep)
    assert {d.code for d in diagnostics} & {"WF442", "WF111"}


def test_a_long_chain_of_else_if_is_refused_politely(program):
    arms = " else ".join(f'if n == {i} {{ say "x" }}' for i in range(300))
    _, diagnostics = program(f"workflow w(n: int) {{ {arms} }}")
    assert "WF442" in {d.code for d in diagnostics}


def test_doubling_by_inlining_is_refused_politely(program):
    levels = "\n".join(f"workflow w{i}() {{ w{i + 1}() w{i + 1}() }}" for i in range(30))
    _, diagnostics = program(levels + '\nworkflow w30() { say "x" }')
    assert {d.code for d in diagnostics} == {"WF443"}
