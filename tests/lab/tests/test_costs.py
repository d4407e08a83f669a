"""`operations/costs.py`: counts times prices, and the same table in the runbook."""

from __future__ import annotations

import importlib.util
import sys
import unittest
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[3]


def _load() -> Any:
    specification = importlib.util.spec_from_file_location("costs", _ROOT / "operations" / "costs.py")
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["costs"] = module
    specification.loader.exec_module(module)
    return module


costs = _load()
_TEMPLATE = """Resources:
  Key:
    Type: AWS::KMS::Key
  OneAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: one
  OtherAlarm:
    Type: AWS::CloudWatch::Alarm
    Condition: Wanted
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: x
      EventInvokeConfig:
        DestinationConfig:
          OnFailure:
            Type: SQS
            Destination: y
Outputs:
  Key:
    Value: x
"""


class Costs(unittest.TestCase):
    _COUNTED = costs.Counted(
        invocations=4, calls=20, read_units=30, write_units=10, published=2, emails=1, log_bytes=1000, sent=0
    )

    def test_every_unit_has_a_price_with_its_page(self) -> None:
        units = {**costs.per_deployment(self._COUNTED, 60), **costs.idle_per_month(_TEMPLATE)}
        self.assertLessEqual(units.keys(), costs.PRICES.keys())
        for name, price in costs.PRICES.items():
            self.assertTrue(price.source.startswith("https://aws.amazon.com/"), name)
            self.assertTrue(price.seen, name)

    def test_units_of_a_deployment(self) -> None:
        units = costs.per_deployment(self._COUNTED, 100)
        self.assertAlmostEqual(units["Lambda GB-seconds, arm64"], 20 * 0.1 * 0.25)
        self.assertEqual((units["DynamoDB writes"], units["SNS e-mails"], units["KMS requests"]), (10, 1, 4))

    def test_what_is_idle_is_what_the_template_deploys_by_default(self) -> None:
        units = costs.idle_per_month(_TEMPLATE)
        self.assertEqual((units["KMS keys"], units["CloudWatch alarms"], units["CloudWatch dashboards"]), (1, 1, 0))
        self.assertAlmostEqual(units["SQS requests"], 657000)

    def test_the_projects_own_template_is_understood(self) -> None:
        units = costs.idle_per_month((_ROOT / "template.yaml").read_text(encoding="utf-8"))
        self.assertEqual(units["KMS keys"], 1)
        self.assertGreaterEqual(units["CloudWatch alarms"], 6)
        self.assertGreater(units["SQS requests"], 0)

    def test_sums_and_accounts(self) -> None:
        price = costs.Price(2.0, 100, "https://aws.amazon.com/", "x")
        self.assertAlmostEqual(price.of(50), 1.0)
        table = costs.table([1, 300], 1000, 60)
        idle = next(line for line in table.splitlines() if "idle, together" in line)
        one, many = (float(cell.replace(",", "")) for cell in idle.strip("| ").split("|")[1:])
        self.assertAlmostEqual(one * 300, many, delta=300 * 0.006)

    def test_the_runbook_has_the_table_as_it_is(self) -> None:
        page = (_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
        self.assertIn(costs.table([1, 300], 1000, 60.0), page, "run operations/costs.py and paste its table")
        self.assertIn(" ".join(costs.assumptions(60.0).split()), " ".join(page.split()))


if __name__ == "__main__":
    unittest.main()
