"""Loading: root files, the files and library modules they import, each read and parsed once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import attrs

from wfcheck.dsl import syntax
from wfcheck.dsl.diagnostic import Diagnostic, Severity
from wfcheck.dsl.elaboration.context import Context, Loaded
from wfcheck.dsl.elaboration.names import did_you_mean
from wfcheck.dsl.parsing.parser import parse
from wfcheck.dsl.parsing.reading import read_source
from wfcheck.dsl.source import Source, Span

Library: TypeAlias = Callable[[tuple[str, ...]], str | None]
"""The text of a library module, such as `("std", "mail")`; None if there is none. It may bear an attribute `names`, a function
that lists the dotted names of all modules."""


@attrs.define
class _Loader:
    context: Context
    library: Library
    known: Sequence[str]
    given: Mapping[str, str] = attrs.Factory(dict)  # a resolved path -> the text read instead of the file
    paths: dict[str, str] = attrs.Factory(dict)  # the resolved path of a file -> the path that messages show
    waiting: list[tuple[str, Source, bool]] = attrs.Factory(list)


def load_modules(
    context: Context,
    roots: Iterable[Path | str],
    library: Library,
    known: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Reads and parses the roots and all they import into `context.modules`, in the order in which they are met. Returns
    the paths of the roots that could be read. `known`: the dotted names of the library's modules. `given`: texts by path, read
    instead of the files."""
    texts = {os.path.realpath(path): text for path, text in (given or {}).items()}
    loader = _Loader(context, library, known, texts)
    found = [_root(loader, Path(root)) for root in roots]
    _drain(loader)
    _report_cycles(context)
    return tuple(dict.fromkeys(path for path in found if path is not None))


def _root(loader: _Loader, path: Path) -> str | None:
    loaded = _file(loader, str(path))
    if isinstance(loaded, Diagnostic):
        loader.context.add(loaded)
        return None
    return loaded


def _file(loader: _Loader, path: str) -> str | Diagnostic:
    """The shown path of a file that is loaded or waits for it; the diagnostic when it cannot be read."""
    try:
        real = os.path.realpath(path)
    except ValueError:
        real = path
    if real in loader.paths:
        return loader.paths[real]
    source = Source(str(Path(path)), loader.given[real]) if real in loader.given else read_source(Path(path))
    if isinstance(source, Diagnostic):
        return source
    loader.paths[real] = source.path
    loader.waiting.append((source.path, source, False))
    return source.path


def _drain(loader: _Loader) -> None:
    position = 0
    while position < len(loader.waiting):
        path, source, library = loader.waiting[position]
        tree, diagnostics = parse(source)
        for diagnostic in diagnostics:
            loader.context.add(diagnostic)
        skipped = any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics)
        imports = tuple(_import(loader, path, item, library) for item in tree.imports)
        loader.context.modules[path] = Loaded(path, source, tree, imports, library, skipped)
        position += 1


def _import(loader: _Loader, importer: str, item: syntax.Import, library: bool) -> str | None:
    if isinstance(item, syntax.LibraryImport):
        return _library(loader, item)
    written = item.path.value
    if library or PurePosixPath(written).is_absolute() or "\0" in written or not written:
        loader.context.report(
            "WF205",
            "an import names a file by its path relative to this one",
            item.path.span,
        )
        return None
    path = os.path.normpath(Path(importer).parent / written)
    loaded = _file(loader, path) if not _is_special(Path(path)) else _special(path)
    if not isinstance(loaded, Diagnostic):
        return loaded
    if loaded.span is not None:
        loader.context.add(loaded)
        return None
    loader.context.report(
        "WF205",
        f"the imported file `{written}` cannot be read",
        item.path.span,
        notes=(f"{path}: {loaded.message}", *loaded.notes),
        help=_nearby(Path(path), Path(importer).name),
    )
    return None


def looked_for(modules: Mapping[str, syntax.Module]) -> tuple[str, ...]:
    """Every path under which an import of these modules (by path) looks for a file, each once."""
    found = {
        os.path.normpath(Path(path).parent / item.path.value): None
        for path, tree in modules.items()
        for item in tree.imports
        if not isinstance(item, syntax.LibraryImport)
    }
    return tuple(found)


def _is_special(path: Path) -> bool:
    """Whether the path is a pipe or a device, which might never end."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except (OSError, ValueError):
        return False


def _special(path: str) -> Diagnostic:
    return Diagnostic("WF003", "it is no regular file", None, file=path)


def _nearby(path: Path, importer: str) -> str | None:
    try:
        neighbours = [e.name for e in path.parent.iterdir() if e.suffix == ".wf" and e.name != importer]
    except OSError:
        return None
    return did_you_mean(path.name, neighbours)


def _library(loader: _Loader, item: syntax.LibraryImport) -> str | None:
    name = ".".join(item.path)
    if name in loader.paths:
        return loader.paths[name]
    text = loader.library(item.path)
    if text is None:
        loader.context.report(
            "WF206",
            f"the library has no module `{name}`",
            item.span,
            notes=()
            if not loader.known
            else ("it has " + ", ".join(f"`{known}`" for known in loader.known),),
            help=did_you_mean(name, loader.known),
        )
        return None
    loader.paths[name] = name
    loader.waiting.append((name, Source(name, text), True))
    return name


# ---------------------------------------------------------------- cycles


def _report_cycles(context: Context) -> None:
    """Every import that closes a cycle, once, with the imports that lead back to it."""
    done: set[str] = set()
    for start in context.modules:
        trail: list[tuple[str, int]] = [] if start in done else [(start, 0)]
        while trail:
            path, position = trail[-1]
            imports = context.modules[path].imports
            if position == len(imports):
                done.add(path)
                trail.pop()
                continue
            trail[-1] = (path, position + 1)
            target = imports[position]
            on_trail = [step for step, _ in trail]
            if target in on_trail:
                _cycle(context, trail[on_trail.index(target) :])
            elif target is not None and target in context.modules and target not in done:
                trail.append((target, 0))


def _cycle(context: Context, trail: list[tuple[str, int]]) -> None:
    places: list[tuple[str, Span]] = []
    for path, position in trail:
        places.append((path, context.modules[path].tree.imports[position - 1].span))
    last, closing = places[-1]
    message = "this file imports itself" if len(places) == 1 else f"the imports of `{last}` lead back to it"
    labels = [(span, "by this import") for _, span in places[:-1]]
    context.report("WF207", message, closing, labels=labels, help="move what both need into a third file")
