"""The pages of diagnostic codes, built-in rules and verdicts: `WF203.md`, `builtin.sight.md`, `VACUOUS.md` beside this file.
Read by people, by SARIF viewers and by the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files

_SUFFIX = ".md"
_NAME = re.compile(r"WF\d{3}|builtin\.[a-z]+|[A-Z]+(-[A-Z]+)?")


class Pages(Mapping[str, str]):
    """Markdown by name; a page is read when it is asked for."""

    def __getitem__(self, name: str) -> str:
        text = page(name)
        if text is None:
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        names = (entry.name for entry in files(__name__).iterdir())
        return iter(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def pages() -> Mapping[str, str]:
    """All pages."""
    return Pages()


def page(name: str) -> str | None:
    """The page of a code such as `WF203`, a built-in rule such as `builtin.sight` or a verdict, or None."""
    if not _NAME.fullmatch(name):
        return None
    entry = files(__name__).joinpath(name + _SUFFIX)
    return entry.read_text(encoding="utf-8") if entry.is_file() else None
