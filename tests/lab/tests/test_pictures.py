"""The pictures of the documentation show what Ringfence tells today."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path
from xml.etree import ElementTree

_DOCS = Path(__file__).resolve().parents[3] / "docs"
# The scripts of the documentation are no package: they run by themselves.
sys.path.insert(0, str(_DOCS))

import dashboard_widgets  # noqa: E402
import make_pictures  # noqa: E402
from dashboard_widgets import Alarm, Recording, Template  # noqa: E402

_OURS = ("Ringfence", "FailedInvocations", ())
_FAILURES = {
    "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1, "TreatMissingData": "notBreaching",
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


class Pictures(unittest.TestCase):
    def test_the_committed_ones_are_those_of_today(self) -> None:
        for name, draw in make_pictures.PICTURES.items():
            with self.subTest(name):
                self.assertEqual((_DOCS / name).read_text("utf-8"), draw(), "run $RINGFENCE_LAB_PYTHON docs/make_pictures.py")

    def test_the_email_is_the_whole_beginning_of_the_text(self) -> None:
        svg = make_pictures.finding_email()
        shown = " ".join(ElementTree.fromstring(svg).itertext())
        for words in ("[CRITICAL] bounded:", "What", "Who", "Done", "Effect", "Next", "Undo", "PermissionsBoundary: arn:"):
            self.assertIn(words, shown)


class Dashboard(unittest.TestCase):
    def setUp(self) -> None:
        self.widgets = Template().widgets()
        self.recording = Recording.read(_DOCS / "dashboard-metrics.json")

    def test_each_widget_is_in_the_picture(self) -> None:
        texts = [element.text for element in ElementTree.fromstring(make_pictures.dashboard()).iter() if element.text]
        titles = [widget.title for widget in self.widgets if widget.kind != "text"]
        self.assertGreater(len(titles), 5)
        for title in titles:
            self.assertIn(title, texts)

    def test_each_alarm_of_the_dashboard_is_in_the_picture(self) -> None:
        texts = [element.text for element in ElementTree.fromstring(make_pictures.dashboard()).iter() if element.text]
        (alarms,) = (widget.properties["alarms"] for widget in self.widgets if widget.kind == "alarm")
        for name in alarms:
            self.assertIn(name.removeprefix("ringfence-"), texts)

    def test_each_metric_of_ringfence_was_recorded(self) -> None:
        recorded = {metric for namespace, metric, _ in self.recording.series if namespace == "Ringfence"}
        wanted = dashboard_widgets.metrics_of_ringfence(self.widgets)
        self.assertIn("Findings", wanted)
        self.assertEqual(wanted - recorded, set(), "run python -m ringfence_lab record-dashboard")

    def test_of_the_other_services_only_the_age_of_messages_and_the_function_that_has_nothing_to_do_are_missing(self) -> None:
        unknown = {
            line.label for widget in self.widgets if widget.kind == "metric"
            for line in dashboard_widgets.lines_of(widget, self.recording) if not line.known
        }
        # In the recorded account no policies are generated, so nothing is proposed.
        self.assertEqual(unknown, {"longest wait (s)", "ringfence-suggest-policy"})

    def test_shorthands_of_metrics_are_written_out(self) -> None:
        widget = dashboard_widgets.Widget("metric", 0, 0, 1, 1, {"stat": "Sum", "metrics": [
            ["N", "Seen", "by", "alice"], ["...", "bob"], [".", "Heard", ".", "."],
        ]})
        series = {("N", metric, (("by", who),)): [(1.0, value)] for metric, who, value in (
            ("Seen", "alice", 1.0), ("Seen", "bob", 2.0), ("Heard", "bob", 4.0),
        )}
        lines = dashboard_widgets.lines_of(widget, Recording(5, [], series))
        self.assertEqual([line.values for line in lines], [[1.0], [2.0], [4.0]])

    def test_a_percentile_is_a_value_that_was_seen(self) -> None:
        values = [float(n) for n in range(1, 11)]
        self.assertEqual(dashboard_widgets.statistic("p50", values), 5)
        self.assertEqual(dashboard_widgets.statistic("p90", values), 9)
        self.assertIsNone(dashboard_widgets.statistic("Sum", []))


class Alarms(unittest.TestCase):
    def _is_on(self, seconds: list[float], now: float, **changes: object) -> bool:
        recording = Recording(60, [], {_OURS: [(second, 1.0) for second in seconds]})
        return Alarm({**_FAILURES, **changes}, [_OURS], "Sum", 5).is_on(recording, now)

    def test_two_of_three_periods_have_to_breach(self) -> None:
        self.assertFalse(self._is_on([12], 15))
        self.assertTrue(self._is_on([2, 12], 15))
        self.assertFalse(self._is_on([2, 12], 20))

    def test_silence_is_what_the_alarm_says_that_it_is(self) -> None:
        self.assertTrue(self._is_on([], 15, TreatMissingData="breaching"))
        kept = {"TreatMissingData": "ignore", "EvaluationPeriods": 1, "DatapointsToAlarm": 1}
        self.assertTrue(self._is_on([2], 60, **kept))
        self.assertFalse(self._is_on([], 60, **kept))

    def test_each_alarm_of_the_dashboard_can_be_computed_with_the_template_s_names(self) -> None:
        template, recording = Template(), Recording.read(_DOCS / "dashboard-metrics.json")
        (names,) = (widget.properties["alarms"] for widget in template.widgets() if widget.kind == "alarm")
        # The last scene: rules are switched off, and a sweep has found it.
        self.assertEqual([name for name in names if template.alarm(name).is_on(recording, recording.seconds)], ["ringfence-ground"])
