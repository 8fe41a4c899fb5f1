"""What a name can stand for, and the names that one file can say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

import attrs

from wfcheck.dsl import syntax
from wfcheck.dsl.source import Span

Kinds: TypeAlias = frozenset[str]
"""Of tag, group, type, principal, channel, store, tool, release, track, table, define, assume, workflow, policy, module."""

MISSING = "missing"
"""The kind of a name that an import lists and that could not be found; it was reported there."""

CALLABLE: Kinds = frozenset({"tool", "release", "workflow", "define"})


@attrs.frozen
class Entity:
    """What a name stands for. `declaration` None: built in (`user`, `model`, `external`, `untrusted`, `trusted`)
    or, for kind `module`, the prefix of an import (`symbol` is then the path of the module)."""

    kind: str
    symbol: str
    name: str
    module: str
    declaration: syntax.Declaration | None
    span: Span | None
    item: syntax.Item | None = attrs.field(default=None, eq=False, repr=False)


def _builtin(kind: str, name: str) -> Entity:
    return Entity(kind, name, name, "", None, None)


BUILTINS: Mapping[str, Entity] = MappingProxyType(
    {
        "user": _builtin("principal", "user"),
        "model": _builtin("tag", "model"),
        "external": _builtin("group", "external"),
        "untrusted": _builtin("group", "untrusted"),
        "trusted": _builtin("group", "trusted"),
    }
)
"""Known in every file. `trusted` is an open group that any file may add to."""


@attrs.frozen
class Imported:
    """A name an import brought in; `index` counts the imports of the file."""

    entity: Entity
    index: int
    span: Span
    listed: bool


@attrs.define
class Names:
    """The names one file can say. Policies live in a namespace of their own. `incomplete`: an import of all names failed."""

    path: str
    own: dict[str, Entity] = attrs.Factory(dict)
    policies: dict[str, Entity] = attrs.Factory(dict)
    imported: dict[str, Imported] = attrs.Factory(dict)
    imported_policies: dict[str, Imported] = attrs.Factory(dict)
    prefixes: dict[str, Imported] = attrs.Factory(dict)
    incomplete: bool = False

    def find(self, name: str, kinds: Kinds) -> Entity | Imported | None:
        """The plain name: a policy where only policies are meant, else anything else that bears it."""
        if kinds == {"policy"}:
            return self.policies.get(name) or self.imported_policies.get(name)
        return self.own.get(name) or self.imported.get(name)

    def declared(self, kinds: Kinds) -> set[str]:
        """The names of these kinds that the file itself declares."""
        return {name for table in (self.own, self.policies) for name, e in table.items() if e.kind in kinds}

    def visible(self, kinds: Kinds) -> set[str]:
        """The names of these kinds that the file declares or imports."""
        brought = (*self.imported.items(), *self.imported_policies.items())
        return self.declared(kinds) | {name for name, found in brought if found.entity.kind in kinds}


def article(kind: str) -> str:
    """A kind of entity in words: `a tool`, `an assumption`."""
    words = {
        "assume": "an assumption",
        "track": "a register",
        "module": "an import",
        "define": "a definition",
    }
    return words.get(kind, f"a {kind}")
