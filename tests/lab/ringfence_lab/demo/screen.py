"""How the story looks: width, colours, headings, rows and frames. Nothing here knows what the story is about."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TextIO

_INDENT = "   "
_MINIMUM_WIDTH, _MAXIMUM_WIDTH = 60, 110
# A pipe has no width; this is what most mail and issue trackers show without wrapping.
_PLAIN_WIDTH = 100
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# Leading blanks, then a bullet, or a label that is set off from its value by two blanks or more.
_HANG = re.compile(r" *(?:- |\S+(?: \S+)* {2,})?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Style(Enum):
    """ECMA-48 graphic renditions, by what they mean here."""

    PLAIN = ""
    HEADING = "1;36"
    STRONG = "1"
    QUIET = "2"
    GOOD = "32"
    BAD = "31"
    NOTICE = "33"


def wants_colour(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Colours only on a terminal that can show them, and never against <https://no-color.org>."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM", "") not in ("", "dumb")


def duration(seconds: float) -> str:
    """A length of time as people say it: `0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02} s"


def milliseconds(value: float) -> str:
    """A length of time for comparison: `57 ms`, `1,560 ms`."""
    return f"{value:,.0f} ms"


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text that fit the width. A line is continued below its text, right of a bullet or a label."""
    lines: list[str] = []
    for line in text.expandtabs(4).splitlines() or [""]:
        hang = _HANG.match(line)
        indent = " " * min(len(hang.group()) if hang else 0, width // 2)
        lines += textwrap.wrap(line, width, subsequent_indent=indent, break_on_hyphens=False) or [""]
    return lines


def frame(title: str, text: str, width: int) -> list[str]:
    """A text in a box of `width` columns, title in its upper edge."""
    inner = width - 4
    title = clip(title, inner - 2)
    return [
        f"┌─ {title} {'─' * (inner - len(title) - 1)}┐",
        *(f"│ {line:<{inner}} │" for line in wrap(text, inner)),
        f"└{'─' * (width - 2)}┘",
    ]


def clip(text: str, width: int) -> str:
    """A text in one line of at most `width` columns."""
    flat = " ".join(text.split())
    return flat if len(flat) <= width else flat[: max(width - 1, 0)] + "…"


def without_controls(text: str) -> str:
    """A text from outside, without what could move the cursor or change colours."""
    return _CONTROL.sub("", _ESCAPE.sub("", text))


class Screen:
    """Where the story is told. Every line is out as soon as it is said."""

    def __init__(self, out: TextIO, environment: Mapping[str, str]) -> None:
        self._out = out
        self.is_terminal = out.isatty()
        self._colours = wants_colour(self.is_terminal, environment)
        # Erasing a line needs the same terminal that colours need, whatever NO_COLOR says.
        self.updates_lines = self.is_terminal and environment.get("TERM", "") not in ("", "dumb")

    @classmethod
    def of_this_process(cls) -> Screen:
        """Standard output, which from now on shows `?` in place of what its encoding lacks."""
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        return cls(sys.stdout, os.environ)

    @property
    def width(self) -> int:
        """Columns to use, asked anew each time: windows change."""
        columns = shutil.get_terminal_size().columns if self.is_terminal else _PLAIN_WIDTH
        return max(_MINIMUM_WIDTH, min(columns, _MAXIMUM_WIDTH))

    def style(self, text: str, style: Style) -> str:
        """The text in a style, where there are colours."""
        return f"\x1b[{style.value}m{text}\x1b[0m" if self._colours and style is not Style.PLAIN else text

    def title(self, text: str, explanation: str) -> None:
        """The first lines of all."""
        self._put(self.style(text, Style.STRONG))
        self.say(explanation, Style.QUIET)

    def heading(self, number: int, text: str) -> None:
        """The heading of a scene."""
        self._put()
        self._put(self.style(f"{number}  {text}", Style.HEADING))

    def say(self, text: str, style: Style = Style.PLAIN) -> None:
        """A paragraph."""
        for line in wrap(text, self.width - len(_INDENT)):
            self._put(_INDENT + self.style(line, style))

    def blank(self) -> None:
        """An empty line."""
        self._put()

    def row(self, cells: Iterable[tuple[str, int]], result: str = "", style: Style = Style.PLAIN) -> None:
        """One line of a table: texts with their columns' widths, and how it went."""
        left = " ".join(f"{without_controls(text):<{width}}" for text, width in cells)
        self._put(_INDENT + left + (" " + self.style(without_controls(result), style) if result else ""))

    def box(self, title: str, text: str, style: Style = Style.PLAIN) -> None:
        """A framed text from outside."""
        for line in frame(title, without_controls(text), self.width - len(_INDENT)):
            self._put(_INDENT + self.style(line, style))

    def verbatim(self, text: str) -> None:
        """Lines to be copied: neither wrapped nor clipped."""
        for line in text.splitlines():
            self._put(_INDENT + line)

    def update(self, text: str) -> None:
        """Replace the current line; only where `updates_lines`."""
        self._out.write("\r\x1b[K" + _INDENT + text[: self.width - len(_INDENT) - 1])
        self._out.flush()

    def clear_update(self) -> None:
        """Remove the line that `update` wrote."""
        if self.updates_lines:
            self._out.write("\r\x1b[K")
            self._out.flush()

    def _put(self, line: str = "") -> None:
        self._out.write(line.rstrip() + "\n")
        self._out.flush()
