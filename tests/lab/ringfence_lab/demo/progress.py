"""Long steps that can be seen to go on: one line that is updated on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from .screen import Screen, Style, clip, duration

_UPDATE_SECONDS = 0.25
_PLAIN_LINE_SECONDS = 10.0
# A step that is over sooner needs no line to say that it has begun.
_PLAIN_START_SECONDS = 1.0
_NAME_WIDTH, _WHAT_WIDTH = 7, 54


class Step:
    """One step of the preparation, as a context manager; says how long it took.

    `activity` is asked from another thread what is going on.
    """

    def __init__(self, screen: Screen, name: str, what: str, activity: Callable[[], str] = lambda: "") -> None:
        self._screen, self._name, self._what, self._activity = screen, name, what, activity
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._tell, daemon=True)
        self._started = 0.0

    def __enter__(self) -> Step:
        self._started = time.monotonic()
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._watch.join()
        self._screen.clear_update()
        took = duration(time.monotonic() - self._started)
        if error is None:
            self._screen.row(self._cells(), took, Style.QUIET)
        else:
            self._screen.row(self._cells(), f"stopped after {took}", Style.BAD)

    def _tell(self) -> None:
        try:
            if self._screen.updates_lines:
                while not self._over.is_set():
                    self._screen.update(f"{self._name:<{_NAME_WIDTH}}{self._elapsed():>12}  {self._activity() or self._what}")
                    self._over.wait(_UPDATE_SECONDS)
            else:
                self._tell_plainly()
        except OSError:
            # The reader of our output is gone; the main thread will notice with its next line.
            pass

    def _tell_plainly(self) -> None:
        if self._over.wait(_PLAIN_START_SECONDS):
            return
        self._screen.row(self._cells(), "…")
        told = self._started
        while not self._over.wait(_UPDATE_SECONDS):
            # Asked at every turn, because it counts what it sees.
            activity = self._activity()
            if time.monotonic() - told >= _PLAIN_LINE_SECONDS:
                told = time.monotonic()
                cells = [(self._name, _NAME_WIDTH), (clip(activity or self._what, _WHAT_WIDTH), _WHAT_WIDTH)]
                self._screen.row(cells, f"… {self._elapsed()}")

    def _cells(self) -> list[tuple[str, int]]:
        return [(self._name, _NAME_WIDTH), (self._what, _WHAT_WIDTH)]

    def _elapsed(self) -> str:
        return duration(time.monotonic() - self._started)
