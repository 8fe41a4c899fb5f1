"""The pages of the diagnostic codes: `WF203.md` beside this file. Read by people, by SARIF viewers and by the tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

_SUFFIX = ".md"


class Pages(Mapping[str, str]):
    """Markdown by code; a page is read when it is asked for."""

    def __getitem__(self, code: str) -> str:
        text = page(code)
        if text is None:
            raise KeyError(code)
        return text

    def __iter__(self) -> Iterator[str]:
        names = (entry.name for entry in files(__name__).iterdir())
        return iter(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def pages() -> Mapping[str, str]:
    """All pages."""
    return Pages()


def page(code: str) -> str | None:
    """The page of a code such as `WF203`, or None."""
    if not code.isalnum():
        return None
    entry = files(__name__).joinpath(code + _SUFFIX)
    return entry.read_text(encoding="utf-8") if entry.is_file() else None
