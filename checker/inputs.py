"""From what was asked for to the files that are read: folders become the `.wf` files below them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from wfcheck.dsl.diagnostic import Diagnostic

_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__"})
SUFFIX = ".wf"


def expand(paths: Iterable[str | Path]) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
    """The files of the paths, each once, in order; a folder without any `.wf` file is a diagnostic.

    A path that does not exist stays in the list, so that whoever reads it says what is wrong with it."""
    files: dict[str, None] = {}
    problems: list[Diagnostic] = []
    for path in paths:
        shown = str(path)
        if not Path(shown).is_dir():
            files[shown] = None
            continue
        closed: list[OSError] = []
        below = sorted(_below(shown, closed))
        problems += map(_closed, closed)
        if not below and not closed:
            problems.append(_nothing(shown))
        files.update(dict.fromkeys(below))
    return tuple(files), tuple(problems)


def _below(folder: str, closed: list[OSError]) -> Iterator[str]:
    """The files below a folder; folders that cannot be listed go to `closed`."""
    for root, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = [name for name in folders if not _skipped(Path(root, name))]
        for name in names:
            if name.endswith(SUFFIX) and not name.startswith("."):
                yield os.path.normpath(os.path.join(root, name))  # noqa: PTH118 - text in, text out


def _skipped(folder: Path) -> bool:
    """Hidden folders, virtual environments and other people's packages."""
    return folder.name.startswith(".") or folder.name in _SKIPPED or (folder / "pyvenv.cfg").exists()


def _closed(error: OSError) -> Diagnostic:
    folder = str(error.filename)
    why = (error.strerror or "it cannot be listed").lower()
    return Diagnostic(
        "WF003",
        f"the folder `{folder}` cannot be read",
        None,
        notes=(why,),
        help="check its permissions",
        file=folder,
    )


def _nothing(folder: str) -> Diagnostic:
    return Diagnostic(
        "WF804",
        f"there is no `{SUFFIX}` file below `{folder}`",
        None,
        help="name a file, or a folder that holds one; hidden folders and virtual environments are not searched",
        file=folder,
    )
