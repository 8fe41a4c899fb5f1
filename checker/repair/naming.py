"""What something is called in a file, and the import that it takes to call it so."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

import attrs

from wfcheck.checker.repair.edits import Edit
from wfcheck.dsl import syntax
from wfcheck.dsl.elaboration.elaborate import Elaborated
from wfcheck.dsl.parsing.tables import load_tables
from wfcheck.stdlib import names as library_names

_PLAIN = re.compile(r"[^\W\d]\w*")
_BUILT_IN = frozenset({"user"})


@attrs.frozen
class Called:
    """`text` means the thing once `edits` are made."""

    text: str
    edits: tuple[Edit, ...] = ()


def quoted(name: str) -> str:
    """A name as it is written, in back-quotes where it needs them."""
    return name if _PLAIN.fullmatch(name) and name not in load_tables().keywords else f"`{name}`"


def called(made: Elaborated, file: str, symbol: str) -> Called | None:
    """How a file calls a declaration; None where no import would tell."""
    name, _, home = symbol.partition("@")
    module = made.modules[file]
    if name in _BUILT_IN:
        return Called(name)
    if declares(module, name) and (not home or home == file):
        return Called(quoted(name))
    for item in module.imports:
        text = _through(made, file, item, name)
        if text is not None:
            return Called(text)
    return _imported(made, file, name, home)


def declares(module: syntax.Module, name: str) -> bool:
    """Whether a file declares something of this name."""
    for item in module.items:
        declared = item.declaration
        if isinstance(declared, syntax.TagsDecl):
            if any(word.text == name for word in declared.names):
                return True
        elif not isinstance(declared, syntax.TestDecl | syntax.GroupDecl) and declared.name.text == name:
            return True
    return False


def target(file: str, item: syntax.Import) -> str:
    """The path of the module that an import brings in."""
    if isinstance(item, syntax.LibraryImport):
        return ".".join(item.path)
    return os.path.normpath(PurePath(file).parent / item.path.value)


def _through(made: Elaborated, file: str, item: syntax.Import, name: str) -> str | None:
    module = made.modules.get(target(file, item))
    if module is None:
        return None
    for listed in item.names or ():
        if listed.name.text == name:
            return quoted((listed.alias or listed.name).text)
    if item.names is not None or not declares(module, name):
        return None
    prefix = item.alias if isinstance(item, syntax.FileImport) else None
    return quoted(name) if prefix is None else f"{quoted(prefix.text)}.{quoted(name)}"


def _imported(made: Elaborated, file: str, name: str, home: str) -> Called | None:
    """The name, with an import of it."""
    homes = [path for path, module in made.modules.items() if declares(module, name)]
    homes = [path for path in homes if path != file and home in ("", path)]
    if len(homes) != 1:
        return None
    return Called(quoted(name), (new_import(made, file, homes[0], name),))


def new_import(made: Elaborated, file: str, home: str | None, name: str) -> Edit:
    """The import of a name: added to a list that is there, else on a line of its own. `home` None: `name` is the whole import."""
    module = made.modules[file]
    for item in module.imports if home is not None else ():
        if target(file, item) == home and item.names:
            last = item.names[-1].span
            return Edit(file, last.end, last.end, f", {quoted(name)}")
    line = name
    if home is not None:
        words = home if home in library_names() else f'"{_relative(file, home)}"'
        line = f"import {words} ({quoted(name)})"
    start = module.items[0].span.start if module.items else len(made.sources[file].text)
    above = [item.span.end for item in module.imports if item.span.end <= start]
    if above:
        return Edit(file, above[-1], above[-1], "\n" + line)
    return Edit(file, start, start, line + "\n\n")


def _relative(file: str, home: str) -> str:
    return PurePath(os.path.relpath(home, PurePath(file).parent)).as_posix()
