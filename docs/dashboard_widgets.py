"""The dashboard of `template.yaml`, and what its widgets and alarms say about a recording of the lab."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).resolve().parent.parent
# Every period of the dashboard, as drawn: a recording lasts minutes.
PERIOD_SECONDS = 5
# The alarms' periods: five minutes are five seconds, an hour is a minute.
_ALARM_SCALE = 60
_NAMES = ("FunctionName", "QueueName", "TopicName", "AlarmName")
_SEARCH = re.compile(r"SEARCH\('\{Ringfence,(\w+)\} MetricName=\"(\w+)\"', '(\w+)', \d+\)")
_SUM_OF_ALL = "SUM(METRICS())"

Key = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Recording:
    """What the lab showed; times are seconds since its start."""

    seconds: int
    scenes: list[tuple[int, str]]
    series: dict[Key, list[tuple[float, float]]]

    @staticmethod
    def read(path: Path) -> Recording:
        content = json.loads(path.read_text("utf-8"))
        series = {
            (one["namespace"], one["metric"], tuple(sorted(one["dimensions"].items()))): [(at, value) for at, value in one["points"]]
            for one in content["series"]
        }
        return Recording(content["seconds"], [(at, what) for at, what in content["scenes"]], series)

    def between(self, key: Key, start: float, end: float) -> list[float]:
        """The values from `start` to before `end`."""
        return [value for at, value in self.series.get(key, ()) if start <= at < end]


@dataclass(frozen=True)
class Line:
    """One series of a widget. `values` has one for each period, None where CloudWatch has none."""

    label: str
    colour: str | None
    right: bool
    known: bool
    values: list[float | None]


@dataclass(frozen=True)
class Widget:
    """A widget in units of the dashboard's grid of 24 columns."""

    kind: str
    x: int
    y: int
    width: int
    height: int
    properties: dict[str, Any]

    @property
    def title(self) -> str:
        return str(self.properties.get("title", ""))


class Template:
    """`template.yaml`, as far as the dashboard needs it, with every parameter's default."""

    def __init__(self, path: Path = _ROOT / "template.yaml") -> None:
        self._resources: dict[str, Any] = yaml.load(path.read_text("utf-8"), _Loader)["Resources"]

    def widgets(self) -> list[Widget]:
        """The widgets of the dashboard, names in place of references."""
        body, _ = self._resources["Dashboard"]["Properties"]["DashboardBody"]
        found = json.loads(re.sub(r"\$\{([\w:.]+)\}", lambda match: self._named(match[1]), body))["widgets"]
        return [Widget(one["type"], one["x"], one["y"], one["width"], one["height"], one["properties"]) for one in found]

    def alarm(self, name: str) -> Alarm:
        """An alarm by its name."""
        (properties,) = (
            resource["Properties"] for resource in self._resources.values()
            if resource["Type"] == "AWS::CloudWatch::Alarm" and resource["Properties"]["AlarmName"] == name
        )
        metrics = properties.get("Metrics")
        if metrics is None:
            parts = [self._key(properties)]
            statistic, period = properties.get("Statistic") or properties["ExtendedStatistic"], properties["Period"]
        else:
            first, *rest = metrics
            if first["Expression"] != _SUM_OF_ALL:
                raise ValueError(f"the alarm {name} is computed in a way that is not known here: {first['Expression']}")
            parts = [self._key(one["MetricStat"]["Metric"]) for one in rest]
            statistic, period = rest[0]["MetricStat"]["Stat"], rest[0]["MetricStat"]["Period"]
        return Alarm(properties, parts, statistic, period / _ALARM_SCALE)

    def _key(self, metric: dict[str, Any]) -> Key:
        dimensions = [(one["Name"], self._named(str(one["Value"]))) for one in metric.get("Dimensions", ())]
        return metric["Namespace"], metric["MetricName"], tuple(sorted(dimensions))

    def _named(self, reference: str) -> str:
        """What a reference to a resource of ours becomes: its name."""
        properties = self._resources.get(reference.partition(".")[0], {}).get("Properties", {})
        names = [str(properties[name]) for name in _NAMES if name in properties]
        return names[0] if names else {"AWS::Region": "us-east-1", "RestoresAlarm": ""}[reference]


@dataclass(frozen=True)
class Alarm:
    """An alarm on the recording's time axis."""

    properties: dict[str, Any]
    parts: list[Key]
    statistic: str
    period: float

    def is_on(self, recording: Recording, now: float) -> bool:
        """Its state at a time, by what CloudWatch documents of periods, datapoints and missing data."""
        periods = self.properties["EvaluationPeriods"]
        missing = self.properties["TreatMissingData"]
        values = [self._value(recording, now - (n + 1) * self.period, now - n * self.period) for n in range(periods)]
        if missing == "ignore" and values == [None]:
            # It keeps its state: the last one counts.
            ends = range(int(now / self.period), 0, -1)
            older = (self._value(recording, (n - 1) * self.period, n * self.period) for n in ends)
            values = [next((value for value in older if value is not None), None)]
        breaching = sum(missing == "breaching" if value is None else self._breaches(value) for value in values)
        return breaching >= self.properties.get("DatapointsToAlarm", periods)

    def _value(self, recording: Recording, start: float, end: float) -> float | None:
        found = [statistic(self.statistic, recording.between(part, start, end)) for part in self.parts]
        # Only sums have several parts, each filled with 0.
        return found[0] if len(found) == 1 else sum(value or 0 for value in found)

    def _breaches(self, value: float) -> bool:
        threshold = self.properties["Threshold"]
        return {
            "GreaterThanOrEqualToThreshold": value >= threshold,
            "GreaterThanThreshold": value > threshold,
            "LessThanThreshold": value < threshold,
        }[self.properties["ComparisonOperator"]]


def lines_of(widget: Widget, recording: Recording) -> list[Line]:
    """The series of a metric widget, those that a SEARCH finds among them."""
    lines: list[Line] = []
    previous: list[str] = []
    for entry in widget.properties["metrics"]:
        options = entry[-1] if isinstance(entry[-1], dict) else {}
        stat = options.get("stat", widget.properties.get("stat", "Average"))
        if "expression" in options:
            dimension, metric, stat = _search(options["expression"])
            for key in sorted(key for key in recording.series if key[1] == metric and [n for n, _ in key[2]] == [dimension]):
                label = f"{options.get('label', '')} {key[2][0][1]}".strip()
                lines.append(_line(recording, key, stat, label, options))
            continue
        previous = _written_out([part for part in entry if isinstance(part, str)], previous)
        key = _key_of(previous)
        lines.append(_line(recording, key, stat, options.get("label", previous[-1]), options))
    return lines


def metrics_of_ringfence(widgets: list[Widget]) -> set[str]:
    """The names of Ringfence's own metrics on the dashboard."""
    found, previous = set(), list[str]()
    for widget in widgets:
        for entry in widget.properties.get("metrics", ()):
            if isinstance(entry[0], dict):
                found.add(_search(entry[0]["expression"])[1])
                continue
            previous = _written_out([part for part in entry if isinstance(part, str)], previous)
            found.update([previous[1]] if previous[0] == "Ringfence" else [])
    return found


def statistic(name: str, values: list[float]) -> float | None:
    """A statistic of a period's values; percentiles by the nearest rank."""
    if not values:
        return None
    if name.startswith("p"):
        return sorted(values)[max(0, math.ceil(float(name[1:]) / 100 * len(values)) - 1)]
    known: dict[str, Callable[[list[float]], float]] = {"Sum": sum, "Maximum": max}
    return known[name](values)


def _search(expression: str) -> tuple[str, str, str]:
    match = _SEARCH.fullmatch(expression)
    if match is None:
        raise ValueError(f"a search of a form that is not known here: {expression}")
    return match[1], match[2], match[3]


def _written_out(parts: list[str], previous: list[str]) -> list[str]:
    """`...` stands for all that the line before has there, `.` for one part of it."""
    if parts[0] == "...":
        parts = previous[: len(previous) - len(parts) + 1] + parts[1:]
    return [previous[index] if part == "." else part for index, part in enumerate(parts)]


def _key_of(parts: list[str]) -> Key:
    namespace, metric, *dimensions = parts
    return namespace, metric, tuple(sorted(zip(dimensions[::2], dimensions[1::2])))


def _line(recording: Recording, key: Key, stat: str, label: str, options: dict[str, Any]) -> Line:
    values = [
        statistic(stat, recording.between(key, start, start + PERIOD_SECONDS))
        for start in range(0, recording.seconds, PERIOD_SECONDS)
    ]
    return Line(label, options.get("color"), options.get("yAxis") == "right", key in recording.series, values)


class _Loader(yaml.SafeLoader):
    """Reads `!Ref`, `!GetAtt`, `!Sub` … as what stands behind them."""


def _behind_the_tag(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else node.value


_Loader.add_multi_constructor("!", _behind_the_tag)
