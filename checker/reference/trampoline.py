"""Recursion without the host's stack: a computation is a generator that yields the computations it waits for.

Yielding `PAUSE` is a place where another parallel branch may run."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, TypeAlias, TypeVar

T = TypeVar("T")
Computation: TypeAlias = Generator[Any, Any, T]


class _Pause:
    """The only value besides computations that may be yielded."""


PAUSE: Final = _Pause()


def wait(computation: Computation[T]) -> Computation[T]:
    """`yield from wait(c)` is the result of `c`, run on the caller's stack of computations."""
    result: T = yield computation
    return result


class Task:
    """A computation that can be advanced from one pause to the next."""

    def __init__(self, computation: Computation[Any]) -> None:
        self._stack = [computation]
        self.result: Any = None

    @property
    def done(self) -> bool:
        """Nothing is left to run."""
        return not self._stack

    def advance(self) -> None:
        """Run to the next pause or to the end. What the computation raises, this raises."""
        value: Any = None
        error: Exception | None = None
        while self._stack:
            top = self._stack[-1]
            try:
                step = top.send(value) if error is None else top.throw(error)
            except StopIteration as finished:
                self._stack.pop()
                value, error = finished.value, None
            except Exception as raised:  # noqa: BLE001 - handed to the waiting computation, at last to the caller
                self._stack.pop()
                value, error = None, raised
            else:
                value, error = None, None
                if step is PAUSE:
                    return
                self._stack.append(step)
        if error is not None:
            raise error
        self.result = value


def finish(computation: Computation[T]) -> T:
    """The result of a computation, run to its end through all pauses."""
    task = Task(computation)
    while not task.done:
        task.advance()
    result: T = task.result
    return result
