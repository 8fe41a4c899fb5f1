"""Labels that said too little."""

from __future__ import annotations

from collections.abc import Callable

Verdicts = Callable[[str], dict[str, str]]

SIGHT = """
secrecy pii
principal helper is agent { clears {} }
principal reader is agent { clears {pii} }
tool look() -> text { effect read  emits nothing  returns {pii} }
workflow sub(s: text) as %s { x = llm sum(s)  say "done" }
workflow w() as reader { s = look()  sub(s) }
"""

PRESENCE = """
secrecy pii
channel net
tool look(k: text) -> text { effect read  emits nothing  returns {pii} when %s }
tool post(x: text) { effect irreversible  emits net  returns {} }
workflow w() { s = look("a")  if s == "" { post("empty") } }
policy p { r: forbid flow pii -> net }
"""


def test_what_a_model_is_shown_its_principal_sees(verdicts: Verdicts) -> None:
    assert verdicts(SIGHT % "helper")["builtin.sight"] == "VIOLATED"
    assert verdicts(SIGHT % "reader")["builtin.sight"] == "PROVED"


def test_that_a_secret_is_not_there_is_as_secret(verdicts: Verdicts) -> None:
    assert verdicts(PRESENCE % 'result != ""')["p.r"] in ("POSSIBLE", "VIOLATED")
    assert verdicts(PRESENCE % 'k == "b"')["p.r"] == "PROVED"
