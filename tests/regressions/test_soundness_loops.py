"""What holds before a loop, and what a loop leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest

HEAD = """
secrecy pii
channel net
type Both = { a: text, b: int }
type Some = { a: text?, b: int }
tool look(to: text) -> list<text> { effect read  emits nothing  returns {pii} }
tool number() -> int? { effect read  emits nothing  returns {} }
tool record() -> Some { effect read  emits nothing  returns {} }
tool post(x: text) { effect irreversible  emits net  returns {} }
"""
ITEM = """
workflow w(q: text from {{user}}) {{
  secrets = look(q)
  x = "public"
  for {item} in secrets {{ y = {item} }}
  post(x)
}}
policy p {{ r: {rule} }}
"""
ABSENT = """
workflow w(n: int from {{user}}, t: Both from {{user}}, numbers: list<int> from {{user}}) {{
  {start}
  {loop}
}}
policy p {{ r: forbid post }}
"""


@pytest.mark.parametrize(
    "rule", ["forbid flow pii -> net", "forbid flow pii -> net explicit", 'forbid post when x != "public"']
)
def test_a_loop_leaves_its_last_item_behind(verdicts: Callable[[str], dict[str, str]], rule: str) -> None:
    assert verdicts(HEAD + ITEM.format(item="x", rule=rule))["p.r"] == "VIOLATED"
    assert verdicts(HEAD + ITEM.format(item="z", rule=rule))["p.r"] == "PROVED"


@pytest.mark.parametrize(
    ("start", "loop", "fine"),
    [
        (
            "x = number()",
            'for i in numbers { if x == none { post("a") }  x = i }',
            'for i in numbers { y = i  if y != y { post("a") } }',
        ),
        (
            "x = number()",
            'repeat max 2 while n > 0 { x = 4 }  if x == none { post("a") }',
            'x = 3  repeat max 2 while n > 0 { x = 4 }  if x == none { post("a") }',
        ),
        (
            "x = record()",
            'repeat max 2 while n > 0 { x = t }  if x.a == none { post("a") }',
            'y = t  repeat max 2 while n > 0 { y = t }  if y.b != y.b { post("a") }',
        ),
    ],
)
def test_a_value_may_still_be_absent_after_a_loop_that_sets_it(
    verdicts: Callable[[str], dict[str, str]], start: str, loop: str, fine: str
) -> None:
    assert verdicts(HEAD + ABSENT.format(start=start, loop=loop))["p.r"] == "VIOLATED"
    assert verdicts(HEAD + ABSENT.format(start=start, loop=fine))["p.r"] == "PROVED"
