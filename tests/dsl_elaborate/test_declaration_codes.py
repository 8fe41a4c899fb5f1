"""Every diagnostic of names, imports, declarations and types, from the smallest file that earns it.

`^` under a line marks where the diagnostic must stand."""

from __future__ import annotations

import re

import pytest

BANK = "tool pay(to: text, amount: decimal, note: text?) -> text { effect write emits nothing returns {} }\n"

CASES = {
    "unknown tag": ("WF201", "secrecy pii\nchannel c clears {pi}\n", "2:19"),
    "unknown tag helps": ("WF201", "secrecy pii\nchannel c clears {pii, pij}\n", "2:24"),
    "wrong kind": ("WF202", "channel c\nchannel d clears {c}\n", "2:19"),
    "register as type": ("WF202", "channel c\nstore s: c\n", "2:10"),
    "tool as value": ("WF202", BANK + "define d() = pay\n", "2:14"),
    "unknown prefix": ("WF203", "channel c clears {org.pii}\n", "1:19"),
    "unknown behind prefix": ("WF201", 'import "o.wf" as org\nchannel c clears {org.pij}\n', "2:19"),
    "missing file": ("WF205", 'import "nowhere.wf" as org\n', "1:8"),
    "absolute import": ("WF205", 'import "/etc/passwd"\n', "1:8"),
    "folder": ("WF205", 'import "folder"\n', "1:8"),
    "unknown library": ("WF206", "import std.mial\n", "1:1"),
    "self import": ("WF207", 'import "main.wf"\n', "1:1"),
    "unused import": ("WF208", "import std.mail\n", "1:1"),
    "unused name": ("WF208", "import std.mail (Mail, read_inbox)\nstore s: Mail\n", "1:24"),
    "unused prefix": ("WF208", 'import "o.wf" as org\n', "1:1"),
    "import of nothing": ("WF209", "import std.mail (read_inbx)\n", "1:18"),
    "declared twice": ("WF210", "secrecy a\nchannel a\n", "2:9"),
    "imported and declared": ("WF210", "import std.mail\nchannel read_inbox\n", "1:1"),
    "imported twice": (
        "WF210",
        'import std.labels (pii)\nimport "o.wf" (pii)\nchannel c clears {pii}\n',
        "2:16",
    ),
    "unknown variable": ("WF211", "define d(x) = x + y\n", "1:19"),
    "unknown function": ("WF212", "define d(x) = lenght(x)\n", "1:15"),
    "variable or member": (
        "WF213",
        "type E = enum {red, blue}\ntool t(e: E, red: E) { requires e == red }\n",
        "2:38",
    ),
    "member or variable": (
        "WF213",
        "type E = enum {red, blue}\ntool t(e: E, red: E) { requires red == e }\n",
        "2:33",
    ),
    "now in a contract": ("WF214", "tool t(d: time) { requires d < now }\n", "1:32"),
    "register in a contract": (
        "WF215",
        "track spent: decimal = 0 { }\ntool t(a: decimal) { requires a < spent }\n",
        "2:35",
    ),
    "built-in name": ("WF216", "secrecy model\n", "1:9"),
    "name of a tag of a tool": ("WF216", "secrecy `tool(t)`\n", "1:9"),
    "name of a residue": ("WF216", "secrecy `via d`\n", "1:9"),
    "argument called result": ("WF216", "tool t(result: text)\n", "1:8"),
    "built-in type": ("WF216", "type text = int\n", "1:6"),
    "influence in clears": ("WF220", "influence web\nchannel c clears {web}\n", "2:19"),
    "secrecy in trusts": ("WF220", "secrecy pii\nprincipal p is human { trusts {pii} }\n", "2:32"),
    "group of tools as tags": ("WF221", BANK + "group g = {pay}\nchannel c clears {g}\n", "3:19"),
    "tool in trusted": ("WF221", BANK + "group trusted = {pay}\n", "2:18"),
    "mixed group": ("WF222", BANK + "secrecy pii\ngroup g = {pay, pii}\n", "3:7"),
    "group in itself": ("WF223", "group g = {h}\ngroup h = {g}\n", "2:12"),
    "adding to external": ("WF225", "channel c\ngroup external += {c}\n", "2:7"),
    "recursive definition": ("WF230", "define f(x) = g(x)\ndefine g(x) = f(x)\n", "2:15"),
    "parameter twice": ("WF231", "tool t(a: int, a: text)\n", "1:16"),
    "argument of definition twice": ("WF231", "define f(a, a) = a\n", "1:13"),
    "effect twice": ("WF232", "tool t() { effect read effect write }\n", "1:24"),
    "returns twice": ("WF232", "secrecy a\ntool t() { returns {a} returns {} }\n", "2:24"),
    "pure and emitting": ("WF233", "channel c\ntool t(a: int) { pure emits c }\n", "2:23"),
    "emitting nothing and something": (
        "WF233",
        "channel c\ntool t(a: int) { emits nothing emits c }\n",
        "2:32",
    ),
    "reading and writing": ("WF233", "store s: text\ntool t() { effect read writes s }\n", "2:24"),
    "unknown argument": ("WF234", "channel c\ntool t(amount: int) { emits c (amonut) }\n", "2:32"),
    "sources of a tool": ("WF234", "tool t(a: int from {user})\n", "1:8"),
    "tool like an event": ("WF235", "tool say()\n", "1:6"),
    "unknown effect": ("WF236", "tool t() { effect reed }\n", "1:19"),
    "infinite sanitiser": ("WF237", "influence web\nrelease d(x: text) -> text removes {web}\n", "2:23"),
    "acts in a circle": (
        "WF238",
        "principal p is agent { acts for q }\nprincipal q is agent { acts for p }\n",
        "1:1",
    ),
    "kind of principal": ("WF239", "principal p is humam\n", "1:16"),
    "partition": ("WF240", "store s: list<{who: text}> partition by whom\n", "1:41"),
    "rows with one key": ("WF241", 'table t: {k: text} = [{k: "a"}, {k: "a"}]\n', "1:33"),
    "table without fields": ("WF242", "table t: {} = []\n", "1:7"),
    "table in a type": ("WF242", "table t: {k: int} = [{k: 1}]\ntype K = int where it in t\n", "2:26"),
    "unknown annotation": ("WF243", '@risc("x")\nsecrecy pii\n', "1:2"),
    "severity": ("WF244", "@severity(hihg)\nsecrecy pii\n", "1:1"),
    "risk without text": ("WF244", "@risk\nsecrecy pii\n", "1:1"),
    "contract twice": (
        "WF245",
        "tool t(a: int) { requires a > 0 ensures x: a > 1 ensures x: a > 2 }\n",
        "1:58",
    ),
    "paths without a result": ("WF246", "secrecy pii\ntool t() { returns { a: {pii} } }\n", "2:12"),
    "release of nothing": ("WF247", "release d(x: bool) -> bool removes {}\n", "1:9"),
    "alias of another": ("WF248", 'tool a() { alias "b" }\ntool b()\n', "1:18"),
    "row without a value": ("WF249", "table t: {k: decimal} = [{k: 1 / 0}]\n", "1:26"),
    "start of a register": ("WF250", "track t: decimal = 1 / 0 { }\n", "1:20"),
    "entry of no map": ("WF251", BANK + "track t: int = 0 { on pay: t[1] := 2 }\n", "2:30"),
    "row that is no record": ("WF301", "table t: {k: int} = [5]\n", "1:22"),
    "row of another type": ("WF301", 'table t: {k: int} = [{k: "x"}]\n', "1:26"),
    "operands": ("WF302", 'tool t(a: int) { requires a + "x" == a }\n', "1:27"),
    "int beside decimal": ("WF302", "tool t(a: int, b: decimal) { requires a < b }\n", "1:39"),
    "comparison of types": ("WF302", 'tool t(a: int) { requires a == "x" }\n', "1:27"),
    "no condition": ("WF303", "tool t(a: int) { requires a }\n", "1:27"),
    "optional": ("WF304", "tool t(a: int?) { requires a > 0 }\n", "1:28"),
    "no member": ("WF305", 'type E = enum {red, blue}\ntool t(e: E) { requires e == "rad" }\n', "2:30"),
    "outside of a refinement": (
        "WF306",
        "type P = int where it > 0\ntable t: {k: P} = [{k: 0}]\n",
        "2:24",
    ),
    "no field": ("WF307", "tool t(a: {x: int}) { requires a.y > 0 }\n", "1:34"),
    "no fields": ("WF308", "tool t(a: int) { requires a.y > 0 }\n", "1:29"),
    "no elements": ("WF309", "tool t(a: int) { requires a[0] > 0 }\n", "1:27"),
    "path without elements": ("WF309", "secrecy p\ntool t() -> int { returns { []: {p} } }\n", "2:29"),
    "path without field": ("WF307", "secrecy p\ntool t() -> {x: int} { returns { y: {p} } }\n", "2:34"),
    "mixed elements": ("WF310", 'define d() = [1, "x"]\n', "1:18"),
    "keys of a map": ("WF311", "track t: map<int, int> = {a: 1} { }\n", "1:26"),
    "field given twice": ("WF312", "define d() = {a: 1, a: 2}\n", "1:21"),
    "field missing": ("WF313", "table t: {k: int, v: int} = [{k: 1}]\n", "1:30"),
    "field declared twice": ("WF314", "type R = {a: int, a: text}\n", "1:19"),
    "member declared twice": ("WF314", "type E = enum {a, a}\n", "1:19"),
    "key of a map": ("WF315", "type M = map<list<int>, int>\n", "1:14"),
    "empty refinement": ("WF316", "type P = int where it > 3 and it < 4\n", "1:20"),
    "empty enum refinement": (
        "WF316",
        "type E = enum {a, b}\ntype F = E where it == a and it == b\n",
        "2:18",
    ),
    "unknown type": ("WF317", "store s: txet\n", "1:10"),
    "recursive type": ("WF318", "type T = {next: T?}\n", "1:6"),
    "method": ("WF320", "tool t(a: text) { requires a.length() > 0 }\n", "1:28"),
    "call in a contract": ("WF321", BANK + 'tool t(a: text) { requires pay("x", 1, "y") == a }\n', "2:28"),
    "arity": ("WF322", "tool t(a: text) { requires length(a, a) > 0 }\n", "1:28"),
    "arity of a definition": ("WF322", "define f(x) = x\ndefine g() = f(1, 2)\n", "2:19"),
    "too few arguments": ("WF322", "define f(x, y) = x\ndefine g() = f(1)\n", "2:14"),
    "heuristic in a contract": ("WF323", 'tool t(a: text) { requires mentions(a, "x") }\n', "1:28"),
    "zip outside": ("WF324", "tool t(a: list<int>) { requires length(zip(a, a)) > 0 }\n", "1:40"),
    "bound twice": ("WF325", "tool t(a: list<int>) { requires any x, x in zip(a, a): x > 0 }\n", "1:40"),
    "no list": ("WF326", "tool t(a: int) { requires any x in a: x > 0 }\n", "1:36"),
    "look-around": ("WF330", "tool t(a: text) { requires a matches /(?=x)y/ }\n", "1:39"),
    "anchor": ("WF330", "tool t(a: text) { requires a matches /^x/ }\n", "1:39"),
    "no duration": ("WF331", "define d() = 999999999999999d\n", "1:14"),
    "no time": ("WF331", "define d() = 12:00:05\n", "1:14"),
    "word in a class": ("WF335", "tool t(a: text) { requires a matches /.*[^acme.com$]/ }\n", "1:41"),
    "bare full stop": ("WF335", "tool t(a: text) { requires a matches /.*@acme.com/ }\n", "1:46"),
    "bare full stop after a class": (
        "WF335",
        "tool t(a: text) { requires a matches /[a-z]+.example/ }\n",
        "1:45",
    ),
    "open end": ("WF336", 'tool t(a: text) { requires a endswith "acme.com" }\n', "1:39"),
    "open end of a glob": ("WF336", 'tool t(a: text) { requires a like "*acme.com" }\n', "1:35"),
    "open start": ("WF336", 'tool t(a: text) { requires a startswith "https://acme.com" }\n', "1:41"),
    "open border after an address": (
        "WF336",
        "tool t(a: text) { requires a matches /.*@acme\\.com.*/ }\n",
        "1:38",
    ),
    "open border in a glob": ("WF336", 'tool t(a: text) { requires a like "*@acme.com*" }\n', "1:35"),
    "open border of an address": ("WF336", 'tool t(a: address) { requires a contains "acme.com" }\n', "1:42"),
    "open start of a pattern": ("WF336", "tool t(a: text) { requires a matches /.*acme\\.com/ }\n", "1:38"),
    "open end of a pattern": (
        "WF336",
        "tool t(a: url) { requires a matches /https:\\/\\/acme\\.com.*/ }\n",
        "1:37",
    ),
    "pattern no constant": ("WF334", "tool t(a: text, b: text) { requires a like b }\n", "1:44"),
}


@pytest.mark.parametrize("name", CASES)
def test_smallest_file(name: str, load_text) -> None:
    code, text, place = CASES[name]
    found = load_text(text, {"o.wf": "secrecy pii\n", "folder/x.wf": ""}).diagnostics
    by_code = [d for d in found if d.code == code]
    assert by_code, [(d.code, d.message) for d in found]
    if place is not None:
        places = {f"{d.span.line}:{d.span.column}" for d in by_code if d.span}
        assert place in places, (places, [(d.code, d.message) for d in found])
    for diagnostic in found:
        assert re.fullmatch(r"[^A-Z\n][^\n]*[^.\n]", diagnostic.message), diagnostic.message
        assert diagnostic.code in {code, "WF208"}, (diagnostic.code, diagnostic.message)


QUIET = [
    ".*@acme[.]com",
    ".*@acme\\.com",
    ".*refund.*",
    "[^/]+[/][a-z]+",
    "[^a-zA-Z]+",
    "a.*b",
    "[0-9]{2}.[0-9]",
    "(a|b).(c|d)",
]


@pytest.mark.parametrize("pattern", QUIET)
def test_patterns_that_mean_what_they_say(load_text, pattern: str) -> None:
    assert not load_text(f"tool t(a: text) {{ requires a matches /{pattern}/ }}\n").diagnostics


@pytest.mark.parametrize(
    "test",
    [
        'like "*.acme.com"',
        'endswith "@acme.com"',
        'endswith ".pdf"',
        'startswith "https://acme.com/"',
        'like "a*b.com"',
    ],
)
def test_text_tests_that_mean_what_they_say(load_text, test: str) -> None:
    assert not load_text(f"tool t(a: text) {{ requires a {test} }}\n").diagnostics


@pytest.mark.parametrize(
    ("rules", "expected"), [("policy p { r: forbid call(effect: write) }\n", []), ("", ["WF208"])]
)
def test_a_catalogue_of_tools_works_for_rules(load_text, rules: str, expected: list[str]) -> None:
    tools = {"tools.wf": "tool put(x: text) -> text { effect write  emits nothing  returns {} }\n"}
    found = load_text(f'import "tools.wf"\n{rules}', tools).diagnostics
    assert [d.code for d in found if d.code == "WF208"] == expected
