"""Foreign texts as words of the language: names, aliases, documentation."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable

from wfcheck.dsl.elaboration.entity import BUILTINS
from wfcheck.dsl.elaboration.event_builtin import BUILTIN
from wfcheck.dsl.parsing.tables import load_tables
from wfcheck.dsl.types import SCALARS

LONGEST_NAME = 60
LONGEST_TEXT = 200
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII | re.IGNORECASE)
_TYPES = frozenset({*SCALARS, "any", "list", "map"})
_COMMAND = re.compile("wfcheck", re.IGNORECASE)


class Namer:
    """Gives each foreign name an identifier of its own that means nothing else in the language."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*BUILTINS, *BUILTIN, *load_tables().keywords, *_TYPES, *taken}

    def all(self, foreign: Iterable[str], kind: str) -> dict[str, str]:
        """An identifier for each name; names that can stay as they are come first, so that no other is given theirs."""
        names = list(dict.fromkeys(foreign))
        kept = [name for name in names if plain(name) and name not in self._taken]
        found = {name: self(name, kind) for name in (*kept, *(n for n in names if n not in kept))}
        return {name: found[name] for name in names}

    def __call__(self, foreign: str, kind: str) -> str:
        """An identifier like the name; `kind` stands where the name cannot be used as it is."""
        plain = re.sub(r"[^a-zA-Z0-9_]+", "_", foreign[: 2 * LONGEST_NAME]).strip("_")[:LONGEST_NAME]
        if not plain or plain[0].isdigit():
            plain = f"{kind}_{plain}".rstrip("_")
        if plain in self._taken:
            plain = f"{plain}_{kind}"
        found, number = plain, 2
        while found in self._taken:
            found, number = f"{plain}_{number}", number + 1
        self._taken.add(found)
        return found


def plain(name: str) -> bool:
    """Whether a name is an identifier as it stands."""
    return _PLAIN.fullmatch(name) is not None and len(name) <= LONGEST_NAME


def field(name: str) -> str | None:
    """The name of an argument, in back-quotes where it needs them; None where no name of the language can say it."""
    if not name or len(name) > LONGEST_NAME or name != shown(name) or "`" in name:
        return None
    return name if plain(name) and name not in load_tables().keywords else f"`{name}`"


def quoted(text: str) -> str | None:
    """A string literal, ASCII; None for what no text can hold."""
    if any(unicodedata.category(letter) == "Cs" for letter in text):
        return None
    return json.dumps(text, ensure_ascii=True)


def shown(text: str) -> str:
    """A text on one line without anything that is invisible, moves the cursor or turns the direction of writing."""
    inert = "".join(
        " " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} else c for c in text
    )
    return " ".join(inert.split())


def documentation(text: str, indent: str = "") -> list[str]:
    """A foreign text as one line of documentation, bounded; it cannot speak to wfcheck."""
    inert = _COMMAND.sub(lambda found: f"{found[0][0]}.{found[0][1:]}", shown(text[: 4 * LONGEST_TEXT]))
    if not inert:
        return []
    short = inert if len(inert) <= LONGEST_TEXT else inert[: LONGEST_TEXT - 3].rstrip() + "..."
    return [f"{indent}## {short}"]
