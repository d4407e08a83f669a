"""The dashboard `ringfence` as CloudWatch would show it, drawn from the template and a recording of the lab."""

from __future__ import annotations

import math
from pathlib import Path

from dashboard_widgets import PERIOD_SECONDS, Line, Recording, Template, Widget, lines_of
from picture_parts import picture, rect, text

_RECORDING = Path(__file__).resolve().parent / "dashboard-metrics.json"
_WIDTH, _COLUMNS, _ROW, _MARGIN, _GAP = 1000, 24, 36, 12, 4
_COLUMN = (_WIDTH - 2 * _MARGIN) / _COLUMNS
_PREFIX = "ringfence-"
_TILES_IN_A_ROW = 5
# CloudWatch's own, in its order.
_COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")
# What a letter takes of the font's size, rather too much.
_LETTER = 0.6
_STYLE = """
    .card { fill: #ffffff; stroke: #d0d7de; }
    .tile { fill: #f6f8fa; }
    .grid { stroke: #d8dee4; stroke-width: 1; }
    .limit { stroke: #cf222e; stroke-width: 1; stroke-dasharray: 5 3; }
    .limit-label { fill: #cf222e; }
    .ok { fill: #1a7f37; }
    .on { fill: #cf222e; }
    .was { fill: #d0d7de; }
    @media (prefers-color-scheme: dark) {
      .card { fill: #161b22; stroke: #30363d; }
      .tile { fill: #21262d; }
      .grid { stroke: #30363d; }
      .limit { stroke: #ff7b72; }
      .limit-label { fill: #ff7b72; }
      .ok { fill: #3fb950; }
      .on { fill: #f85149; }
      .was { fill: #484f58; }
    }
"""


def dashboard() -> str:
    """The whole dashboard at the end of the recording."""
    template, recording = Template(), Recording.read(_RECORDING)
    widgets = template.widgets()
    bottom = _MARGIN + _ROW * max(widget.y + widget.height for widget in widgets)
    parts = [part for widget in widgets for part in _widget(widget, template, recording)]
    footer = _footer(recording)
    parts += [text("quiet", _MARGIN + 6, bottom + 18 + 17 * index, line, size=12) for index, line in enumerate(footer)]
    titles = ", ".join(widget.title for widget in widgets if widget.title)
    description = f"Widgets: {titles}. {' '.join(footer)}"
    return picture(_WIDTH, bottom + 17 * len(footer) + 16, "The CloudWatch dashboard ringfence", description, parts, _STYLE)


def _footer(recording: Recording) -> list[str]:
    scenes = " · ".join(f"{_clock(at)} {what}" for at, what in recording.scenes)
    return [
        f"Recorded in the lab in {recording.seconds} s, not in AWS. Periods shortened: a point is {PERIOD_SECONDS} s, not five minutes "
        "or an hour; the alarms' are a 60th.",
        *_wrapped(scenes, " · ", 150),
    ]


def _widget(widget: Widget, template: Template, recording: Recording) -> list[str]:
    x, y = _MARGIN + widget.x * _COLUMN + _GAP / 2, _MARGIN + widget.y * _ROW + _GAP / 2
    width, height = widget.width * _COLUMN - _GAP, widget.height * _ROW - _GAP
    parts = [rect("card", x, y, width, height, 4)]
    if widget.kind == "text":
        return parts + _markdown(widget.properties["markdown"], x + 12, y)
    parts.append(text("text strong", x + 12, y + 19, widget.title, size=13))
    if widget.kind == "alarm":
        return parts + _alarms(widget.properties["alarms"], template, recording, x + 12, y + 26, width - 24, height - 32)
    return parts + _chart(widget, recording, x, y, width, height)


def _markdown(markdown: str, x: float, y: float) -> list[str]:
    heading, _, rest = markdown.partition("\n")
    lines = _wrapped(rest, " ", 145)
    return [text("text strong", x, y + 24, heading.removeprefix("# "), size=18)] + [
        text("text", x, y + 43 + 15 * index, line, size=12) for index, line in enumerate(lines)
    ]


def _alarms(
    names: list[str], template: Template, recording: Recording, x: float, y: float, width: float, height: float
) -> list[str]:
    """A tile for each: its state at the end, and below the name a strip with its states since the start."""
    rows = math.ceil(len(names) / _TILES_IN_A_ROW)
    step_x, step_y = (width + 6) / _TILES_IN_A_ROW, (height + 5) / rows
    parts = []
    for index, name in enumerate(names):
        left, top = x + index % _TILES_IN_A_ROW * step_x, y + index // _TILES_IN_A_ROW * step_y
        tile_width, tile_height = step_x - 6, step_y - 5
        alarm = template.alarm(name)
        ends = range(PERIOD_SECONDS, recording.seconds + 1, PERIOD_SECONDS)
        states = [alarm.is_on(recording, end) for end in ends]
        state, words = ("on", "ALARM") if states[-1] else ("ok", "OK")
        parts += [
            rect("tile", left, top, tile_width, tile_height, 3),
            rect(state, left, top, 4, tile_height, 1),
            text("text", left + 11, round(top + tile_height / 2 + 1.5, 1), name.removeprefix(_PREFIX), size=10.5),
            text(f"{state} strong", left + tile_width - 6, round(top + tile_height / 2 + 1.5, 1), words, size=10, anchor="end"),
            rect("was", left + 11, top + tile_height - 3, tile_width - 17, 2, 1),
        ]
        one = (tile_width - 17) / len(states)
        parts += [
            rect("on", round(left + 11 + one * n, 1), top + tile_height - 3, round(one, 1), 2, 0) for n, is_on in enumerate(states) if is_on
        ]
    return parts


def _chart(widget: Widget, recording: Recording, x: float, y: float, width: float, height: float) -> list[str]:
    lines = lines_of(widget, recording)
    coloured = [(line, line.colour or _COLOURS[index % len(_COLOURS)]) for index, line in enumerate(lines)]
    legend = _legend(coloured, x + 14, y + height - 8, width - 28)
    legend_rows = len({part.split(' y="')[1].split('"')[0] for part in legend if part.startswith("<text")})
    left, right = x + 54, x + width - 16
    top, bottom = y + 32, y + height - 26 - 15 * legend_rows
    limits = widget.properties.get("annotations", {}).get("horizontal", [])
    shown = [line for line in lines if not line.right]
    stacked = bool(widget.properties.get("stacked"))
    peaks = [sum(value or 0 for value in column) for column in zip(*(line.values for line in shown))] if stacked else [
        value for line in shown for value in line.values if value is not None
    ]
    ceiling, step = _scale(max([*peaks, *(limit["value"] for limit in limits), 1]))
    parts = []
    for n in range(round(ceiling / step) + 1):
        level = bottom - (bottom - top) * n * step / ceiling
        parts.append(f'<line class="grid" x1="{left:g}" y1="{level:.1f}" x2="{right:g}" y2="{level:.1f}"/>')
        parts.append(text("quiet", left - 6, round(level + 3.5, 1), f"{n * step:,.10g}", size=10, anchor="end"))
    for second in range(0, recording.seconds + 1, 30):
        at = left + (right - left) * second / recording.seconds
        parts.append(text("quiet", round(at, 1), bottom + 14, _clock(second), size=10, anchor="middle"))
    frame = (left, right, top, bottom, ceiling)
    known = [(line, colour) for line, colour in coloured if line.known and not line.right]
    parts += _bars(known, frame) if stacked else [part for line, colour in known for part in _curve(line, colour, frame)]
    for limit in limits:
        level = bottom - (bottom - top) * limit["value"] / ceiling
        parts.append(f'<line class="limit" x1="{left:g}" y1="{level:.1f}" x2="{right:g}" y2="{level:.1f}"/>')
        parts.append(text("limit-label", right, round(level - 4, 1), limit["label"], size=10, anchor="end"))
    return parts + legend


def _bars(lines: list[tuple[Line, str]], frame: tuple[float, float, float, float, float]) -> list[str]:
    left, right, top, bottom, ceiling = frame
    if not lines:
        return []
    one = (right - left) / len(lines[0][0].values)
    floor = [0.0] * len(lines[0][0].values)
    parts = []
    for line, colour in lines:
        path = ""
        for index, value in enumerate(line.values):
            if value:
                high, low = (bottom - (bottom - top) * level / ceiling for level in (floor[index] + value, floor[index]))
                path += f"M{left + one * index + 1:.1f} {low:.1f}V{high:.1f}h{one - 2:.1f}V{low:.1f}z"
                floor[index] += value
        if path:
            parts.append(f'<path fill="{colour}" d="{path}"/>')
    return parts


def _curve(line: Line, colour: str, frame: tuple[float, float, float, float, float]) -> list[str]:
    """Points of periods that follow each other are joined; each is a dot, so that a lonely one is seen."""
    left, right, top, bottom, ceiling = frame
    one = (right - left) / len(line.values)
    path, dots, before = "", "", None
    for index, value in enumerate(line.values):
        if value is not None:
            at, level = left + one * (index + 0.5), bottom - (bottom - top) * value / ceiling
            path += f"{'M' if before is None else 'L'}{at:.1f} {level:.1f}"
            dots += f"M{at:.1f} {level:.1f}h0"
        before = value
    return [
        f'<path fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round" d="{path}"/>',
        f'<path fill="none" stroke="{colour}" stroke-width="4.5" stroke-linecap="round" d="{dots}"/>',
    ] if path else []


def _legend(lines: list[tuple[Line, str]], x: float, bottom: float, width: float) -> list[str]:
    """In rows that end at the bottom of the widget."""
    rows: list[list[tuple[float, str, str, str]]] = [[]]
    at = x
    for line, colour in lines:
        words = line.label if line.known else f"{line.label}: none"
        if line.right and not line.known:
            words = f"{line.label}: not in the lab"
        needed = 15 + len(words) * 10.5 * _LETTER + 10
        if at + needed > x + width + 10 and rows[-1]:
            rows.append([])
            at = x
        rows[-1].append((at, words, colour, "text" if line.known else "quiet"))
        at += needed
    parts = []
    for index, row in enumerate(rows):
        y = bottom - 15 * (len(rows) - 1 - index)
        for at, words, colour, style in row:
            parts.append(f'<rect x="{at:.1f}" y="{y - 8:g}" width="9" height="9" rx="1.5" fill="{colour}"/>')
            parts.append(text(style, round(at + 13, 1), y, words, size=10.5))
    return parts


def _scale(highest: float) -> tuple[float, float]:
    """The top of an axis and the distance of its lines: 1, 2 or 5 of a power of ten, at most five of them."""
    for exponent in range(9):
        for mantissa in (1, 2, 5):
            step = mantissa * 10**exponent
            if highest <= 5 * step:
                return step * max(1, math.ceil(highest / step)), step
    raise ValueError(f"{highest} is too much for an axis")


def _wrapped(words: str, separator: str, letters: int) -> list[str]:
    lines = [""]
    for word in words.split(separator):
        longer = lines[-1] + (separator if lines[-1] else "") + word
        if len(longer) > letters and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"
