"""Findings for Security Hub against AWS's own model, and whether what holds them against it would notice a mistake."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from ringfence_lab import asff

_PROJECT = Path(__file__).resolve().parents[3]
_SAMPLES = (
    "shared/guardrail/tests/guardrail/snapshots/guardrail__asff__a_bounded_administrator.snap",
    "shared/account/src/security_hub/snapshots/"
    "account__security_hub__tests__the_request_says_all_that_the_finding_does_after_it_was_published.snap",
)


def _sample(path: str) -> dict[str, Any]:
    """The JSON of an insta snapshot: what follows its header. A whole request, or a finding."""
    value: dict[str, Any] = json.loads((_PROJECT / path).read_text("utf-8").split("---", 2)[2])
    return value if "Findings" in value else {"Findings": [value]}


class Samples(unittest.TestCase):
    """What the Rust tests hold still is what AWS takes."""

    def test_the_samples_keep_the_format(self) -> None:
        for path in _SAMPLES:
            with self.subTest(path):
                self.assertEqual(asff.mistakes_in(_sample(path)), [])


class Mistakes(unittest.TestCase):
    """Each is noticed."""

    def test_each_mistake_is_noticed(self) -> None:
        finding = _sample(_SAMPLES[0])["Findings"][0]
        without_id = {name: value for name, value in finding.items() if name != "Id"}
        recommendation = {"Recommendation": {"Text": "x" * 513}}
        for words, request in {
            'Missing required parameter in Findings[0]: "Id"': [without_id],
            "Unknown parameter": [finding | {"Workflows": {}}],
            ".Findings[0].Title has 257": [finding | {"Title": "x" * 257}],
            ".Findings[0].Description has 1025": [finding | {"Description": "x" * 1025}],
            ".Findings[0].Description does not match": [finding | {"Description": "a\nb"}],
            ".Findings[0].Id has 513": [finding | {"Id": "x" * 513}],
            ".Findings[0].Remediation.Recommendation.Text has 513": [finding | {"Remediation": recommendation}],
            ".Findings[0].RecordState is": [finding | {"RecordState": "CLOSED"}],
            ".Findings[0].Resources has 33": [finding | {"Resources": finding["Resources"] * 33}],
            ".Findings[0].ProductFields has 51": [finding | {"ProductFields": {str(n): "x" for n in range(51)}}],
            ".Findings[0].ProductFields.a is longer": [finding | {"ProductFields": {"a": "x" * 2049}}],
            ".Findings[0].ProductFields.aws/a is a name": [finding | {"ProductFields": {"aws/a": "x"}}],
            "bytes, 240000 are the most": [finding | {"GeneratorId": "x" * 240_000}],
            ".Findings has 101": [finding] * 101,
        }.items():
            with self.subTest(words):
                self.assertTrue(any(words in mistake for mistake in asff.mistakes_in({"Findings": request})))
