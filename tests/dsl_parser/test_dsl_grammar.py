"""The grammar is LALR(1) without conflicts, its shipped tables are those of the grammar, and lark agrees with them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from lark import Lark
from lark.exceptions import GrammarError
from lark.lexer import Lexer, Token

from wfcheck.dsl.parsing import tables
from wfcheck.dsl.parsing.parser import layout_of, soft_words
from wfcheck.dsl.parsing.tokens import RESERVED
from wfcheck.dsl.source import Source

GRAMMAR = tables.GRAMMAR_FILE.read_text(encoding="utf-8")
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.wf"))


def test_strict_lark_finds_no_conflict_and_no_collision_of_terminals() -> None:
    pytest.importorskip("interegular")
    tables.lark_parser(GRAMMAR)


def test_strict_lark_would_find_a_conflict() -> None:
    pytest.importorskip("interegular")
    ambiguous = GRAMMAR.replace(
        "?sum: product\n",
        '?sum: product\n    | sum "+" sum                                              -> add\n',
    )
    assert ambiguous != GRAMMAR
    with pytest.raises(GrammarError):
        tables.lark_parser(ambiguous)


def test_shipped_tables_are_those_of_the_grammar() -> None:
    assert tables.TABLES_FILE.read_text(encoding="utf-8") == tables.serialize(tables.build(GRAMMAR))


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stale = tmp_path / "grammar.tables"
    stale.write_text(tables.TABLES_FILE.read_text().replace(tables.fingerprint(GRAMMAR), "0-0-0"))
    monkeypatch.setattr(tables, "TABLES_FILE", stale)
    fresh = tables.load_tables.__wrapped__()
    assert fresh.productions == tables.load_tables().productions
    stale.write_text("{ truncated")
    assert tables.load_tables.__wrapped__().starts == fresh.starts


def test_parsing_does_not_import_lark() -> None:
    code = (
        "import sys; from wfcheck.dsl.parsing.parser import parse; from wfcheck.dsl.source import Source; "
        "tree, wrong = parse(Source('x', 'define a = 1')); assert tree.items and not wrong; assert 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lark_is_imported_in_one_module_only() -> None:
    package = tables.GRAMMAR_FILE.parent
    importing = [
        p.name for p in package.glob("*.py") if re.search(r"^\s*(from|import) lark", p.read_text(), re.M)
    ]
    assert importing == ["tables.py"]


def test_every_reserved_word_is_a_keyword() -> None:
    assert set(tables.load_tables().keywords) >= RESERVED
    assert not {tables.load_tables().keywords[word] for word in RESERVED} & soft_words(tables.load_tables())


class _Given(Lexer):
    """Feeds lark the tokens of our lexer."""

    def __init__(self, conf: object) -> None:
        del conf

    def lex(self, data: str) -> Iterator[Token]:  # type: ignore[override]
        tokens, _, _ = layout_of(Source("x", data))
        for kind, text in zip(tokens.kinds[:-1], tokens.texts, strict=False):
            yield Token(kind, text)


@cache
def _lark(lexer: type[Lexer] | str) -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer=lexer, start=list(tables.STARTS), maybe_placeholders=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_lark_accepts_what_the_parser_accepts(path: Path) -> None:
    parser = _lark(_Given)
    assert parser.parse(path.read_text(encoding="utf-8"), start="module").children


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_tokens_match_the_terminals_of_the_grammar(path: Path) -> None:
    patterns = {t.name: re.compile(t.pattern.to_regexp()) for t in _lark("contextual").terminals}
    tokens, _, wrong = layout_of(Source("x", path.read_text(encoding="utf-8")))
    assert not wrong
    for kind, text in zip(tokens.kinds[:-1], tokens.texts, strict=False):
        assert patterns[kind].fullmatch(text) or kind == "DOC", (kind, text)
