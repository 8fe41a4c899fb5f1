"""The latest of many things by name, at constant cost and in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

import attrs

V = TypeVar("V")


@attrs.define(eq=False)
class Recent(Generic[V]):
    """Remembers at least the last `kept` of what was put, and at most twice as many. `forgot`: something is no longer remembered."""

    kept: int
    young: dict[str, V] = attrs.field(factory=dict)
    old: dict[str, V] = attrs.field(factory=dict)
    forgot: bool = False

    def get(self, name: str) -> V | None:
        """What was last put under the name, if it is remembered."""
        found = self.young.get(name)
        return self.old.get(name) if found is None else found

    def put(self, name: str, value: V) -> None:
        """Remember it."""
        self.young[name] = value
        if len(self.young) >= self.kept:
            self.forgot = self.forgot or bool(self.old)
            self.old, self.young = self.young, {}
