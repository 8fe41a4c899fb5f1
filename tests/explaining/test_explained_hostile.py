"""Names, texts, patterns and durations that were chosen to do harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from wfcheck import load
from wfcheck.checker.explaining.explained import Explained, explain
from wfcheck.checker.explaining.text import write_text

HEAD = """principal helper is agent
channel net
tool post(body: text, n: int) -> text { effect irreversible emits net returns {} }
tool `a or b) -> (c`(`x == 1 and y`: text) -> text { effect read emits nothing returns {} }
workflow w(topic: text from {user}) as helper { post(body: topic, n: 1) }
"""


def explained(folder: Path, rule: str) -> Explained:
    file = folder / "a.wf"
    file.write_text(f"{HEAD}policy p {{ r: {rule} }}\n", encoding="utf-8")
    program = load(file).program
    return explain(program.rules[-1], program)


def test_odd_names_are_quoted_in_formulas(tmp_path: Path) -> None:
    made = explained(tmp_path, 'forbid `a or b) -> (c`(`x == 1 and y`: "q")')
    assert made.formula.text == (
        'forall e: not (call(e) and e.tool == "a or b) -> (c" and e."x == 1 and y" == "q")'
    )


def test_brackets_and_words_in_texts_are_no_brackets(tmp_path: Path) -> None:
    made = explained(tmp_path, 'forbid post when body == "(" or body == "x or )" after post')
    assert made.formula.text.startswith(
        'forall e: not (call(e) and e.tool == post and (e.body == "(" or e.body == "x or )") and (exists d < e: '
    )
    assert explained(tmp_path, 'forbid post when body == "(" or body == ")"').prose.endswith(
        'when `body == "(" or body == ")"`.'
    )


def test_formulas_are_ascii_whatever_the_texts_are(tmp_path: Path) -> None:
    made = explained(tmp_path, 'forbid post(body: "caf\u00e9 \\u202e")')
    assert made.formula.text.isascii()
    assert all(line.isprintable() for line in write_text(made).splitlines())
    assert "\u202e" not in write_text(made)


@pytest.mark.parametrize(
    "rule",
    [
        "forbid post after post for 999999999d",
        "require post before post within 900000000d",
        "limit count(post) <= 999999999999 per 99999999d",
        "limit count(post) <= 0 per run",
        "forbid post(body: matches /((a{30}){30}b?)+/)",
        "forbid post when " + " and ".join(f"n != {i}" for i in range(150)),
        "forbid post(n: in {" + ", ".join(map(str, range(3000))) + "})",
    ],
)
def test_nothing_grows_or_overflows(rule: str, tmp_path: Path) -> None:
    file = tmp_path / "a.wf"
    file.write_text(f"{HEAD}policy p {{ r: {rule} }}\n", encoding="utf-8")
    from wfcheck.dsl.diagnostic import WfError

    try:
        program = load(file).program
    except WfError as error:
        pytest.fail(str([d.message for d in error.diagnostics]))
    found = write_text(explain(program.rules[-1], program))
    assert len(found) < 100_000
    assert "..." not in found.split("as a monitor")[0]
