"""Suspicious patterns: the text that a warning shows really passes (or really does not), and sound patterns raise none."""

from __future__ import annotations

import re

import pytest

from wfcheck.dsl.elaboration.expression_samples import matches, otherwise, plain_text

SHOWN = re.compile(r"`([^`]*)` (passes|does not pass) this test")


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        (r".*[^acme.com$]", True),
        (r"[^evil]+", False),
        (r".*@acme.com", True),
        (r"[a-z]+.example", True),
        (r"(ann|bob)@acme.com", True),
        (r"https?:\/\/[a-z]+.acme.com\/.*", True),
        (r".*acme\.com", True),
        (r".*@acme\.com.*", True),
        (r"\/\/acme\.com.*", True),
    ],
)
def test_the_shown_text_tells_the_truth(pattern: str, passes: bool, load_text) -> None:
    made = load_text(f"tool t(a: text) -> text {{ pure requires a matches /{pattern}/ }}\n")
    found = [d for d in made.diagnostics if d.code in ("WF335", "WF336")]
    assert found
    shown = [m for d in found for text in (d.message, *d.notes) for m in SHOWN.findall(text)]
    assert shown
    for text, word in shown:
        assert matches(pattern, text) == (word == "passes") == passes


@pytest.mark.parametrize(
    "test",
    [
        r"a matches /.*@acme\.com/",
        r"a matches /[a-z.]+@acme[.]com/",
        r"a matches /.*\.py/",
        r"a matches /.*/",
        r"a matches /(a.c|.*)/",
        r"a matches /[^@\s]+@acme\.com/",
        r"a matches /https:\/\/acme\.com\/.*/",
        'a endswith "@acme.com"',
        'a startswith "https://acme.com/"',
        'a contains "acme.com"',
        'a like "*.acme.com"',
    ],
)
def test_sound_patterns_raise_none(test: str, load_text) -> None:
    made = load_text(f"tool t(a: text) -> text {{ pure requires {test} }}\n")
    assert not made.diagnostics


def test_a_dot_that_changes_nothing_is_not_shown() -> None:
    assert otherwise("a.c|.*", 1, 2, "x", "\\.") is None
    assert otherwise("a.c", 1, 2, "x", "\\.") == "axc"


def test_the_text_of_a_pattern() -> None:
    assert plain_text(r".*@acme\.com") == (True, "@acme.com", False)
    assert plain_text(r"acme\.com.*") == (False, "acme.com", True)
    assert plain_text(r"[a-z]acme") is None
    assert plain_text(r".*") is None
