"""The one table of the bench: a figure, its budget where it has one, and whether it keeps it."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass


class Verdict(enum.Enum):
    """Whether a figure is within its budget."""

    OK = "ok"
    EXCEEDED = "EXCEEDED"
    NONE = ""


@dataclass(frozen=True)
class Figure:
    """One line. `value` and `limit` share `unit`; a figure without a limit is told and not judged."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    detail: str = ""

    @property
    def verdict(self) -> Verdict:
        """The judgement over the exact value, not over the rounded one that is printed."""
        if self.limit is None:
            return Verdict.NONE
        return Verdict.OK if self.value <= self.limit else Verdict.EXCEEDED


@dataclass(frozen=True)
class Section:
    """Figures that belong together. `remarks` say how they were measured and what they leave out."""

    title: str
    figures: list[Figure]
    remarks: list[str]


def exceeded(sections: list[Section]) -> list[Figure]:
    """The figures over their budget."""
    return [figure for section in sections for figure in section.figures if figure.verdict is Verdict.EXCEEDED]


def as_text(sections: list[Section]) -> str:
    """The table for a terminal."""
    rows = [_row(figure) for section in sections for figure in section.figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for section in sections:
        lines += ["", section.title]
        for name, value, limit, verdict, detail in map(_row, section.figures):
            cells = [
                f"  {name:<{widths[0]}}", f"{value:>{widths[1]}}", f"{limit:<{widths[2]}}",
                f"{verdict:<{widths[3]}}", detail,
            ]
            lines.append("  ".join(cells).rstrip())
        lines += [f"  · {remark}" for remark in section.remarks]
    return "\n".join(lines).lstrip("\n")


def as_data(sections: list[Section]) -> list[dict[str, object]]:
    """The same for JSON."""
    return [
        {
            "title": section.title,
            "figures": [asdict(figure) | {"verdict": figure.verdict.value or None} for figure in section.figures],
            "remarks": section.remarks,
        }
        for section in sections
    ]


def _row(figure: Figure) -> tuple[str, str, str, str, str]:
    limit = "" if figure.limit is None else f"≤ {_number(figure.limit, figure.unit)}"
    return figure.name, _number(figure.value, figure.unit), limit, figure.verdict.value, figure.detail


def _number(value: float, unit: str) -> str:
    digits = 0 if value == int(value) else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()
