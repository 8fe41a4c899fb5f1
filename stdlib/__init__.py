"""The standard library of the language: `import std.mail` reads `mail.wf` from this package."""

from __future__ import annotations

from importlib.resources import files


def load(path: tuple[str, ...]) -> str | None:
    """The text of a library module such as `("std", "mail")`, or None if there is no such module."""
    if ".".join(path) not in names():
        return None
    return files(__name__).joinpath(f"{path[1]}.wf").read_text(encoding="utf-8")


def names() -> tuple[str, ...]:
    """The dotted names of all library modules, sorted."""
    entries = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted("std." + name.removesuffix(".wf") for name in entries if name.endswith(".wf")))
