#!/usr/bin/env python3
"""What Ringfence costs on AWS: per 1,000 deployments, and idle per month, for so many accounts.

    python3 operations/costs.py [--accounts 1 300] [--deployments 1000] [--call-ms 60]

Counts times prices. The counts of one deployment stand in `counted-calls.json`, which a test compares with what the
functions do in the local account; what is idle is counted in `template.yaml`. Free tiers are left out: an organization has
one, and other workloads use it up. What is assumed is said below the table.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
PRICES_OF = "2026-11-23, us-east-1"


@dataclass(frozen=True)
class Price:
    """US dollars for so many units. `source` is AWS's page; `seen` says where the figure could be read."""

    dollars: float
    units: float
    source: str
    seen: str

    def of(self, units: float) -> float:
        """The price of so many units."""
        return self.dollars * units / self.units


# AWS's pages compute most figures in the browser, so that a stored copy has none; then the figure is a third party's, with
# its date, or from memory and not verified.
_THIRD = "third party"
_UNVERIFIED = "not verified"
PRICES = {
    "Lambda requests": Price(0.20, 1e6, "https://aws.amazon.com/lambda/pricing/", f"{_THIRD}, cloudchipr.com 2024"),
    "Lambda GB-seconds, arm64": Price(0.0000133334, 1, "https://aws.amazon.com/lambda/pricing/", f"{_THIRD}, cloudchipr.com 2024"),
    "DynamoDB writes": Price(0.625, 1e6, "https://aws.amazon.com/dynamodb/pricing/on-demand/", f"{_THIRD}, airbyte.com 2025-07"),
    "DynamoDB reads": Price(0.125, 1e6, "https://aws.amazon.com/dynamodb/pricing/on-demand/", f"{_THIRD}, airbyte.com 2025-07"),
    "DynamoDB storage and recovery, GB": Price(0.45, 1, "https://aws.amazon.com/dynamodb/pricing/on-demand/", _UNVERIFIED),
    "SNS requests": Price(0.50, 1e6, "https://aws.amazon.com/sns/pricing/", f"{_THIRD}, factualminds.com 2026-06"),
    "SNS e-mails": Price(2.00, 1e5, "https://aws.amazon.com/sns/pricing/", f"{_THIRD}, factualminds.com 2026-06"),
    "SQS requests": Price(0.40, 1e6, "https://aws.amazon.com/sqs/pricing/", f"{_THIRD}, cloudburn.io 2026-03"),
    # "AWS management events are ingested by the event bus for free", and a rule's target in the account costs nothing.
    "EventBridge management events": Price(0.0, 1, "https://aws.amazon.com/eventbridge/pricing/", "AWS's page"),
    # The first copy of management events of a Region.
    "CloudTrail management events": Price(0.0, 1, "https://aws.amazon.com/cloudtrail/pricing/", "AWS Prescriptive Guidance, cost model"),
    "CloudWatch logs, GB": Price(0.50, 1, "https://aws.amazon.com/cloudwatch/pricing/", f"{_THIRD}, factualminds.com 2026-06"),
    "CloudWatch alarms": Price(0.10, 1, "https://aws.amazon.com/cloudwatch/pricing/", _UNVERIFIED),
    "CloudWatch metrics": Price(0.30, 1, "https://aws.amazon.com/cloudwatch/pricing/", f"{_THIRD}, signoz.io 2026-02"),
    "CloudWatch dashboards": Price(3.00, 1, "https://aws.amazon.com/cloudwatch/pricing/", f"{_THIRD}, factualminds.com 2026-06"),
    "KMS keys": Price(1.00, 1, "https://aws.amazon.com/kms/pricing/", f"{_THIRD}, 2019"),
    "KMS requests": Price(0.03, 1e4, "https://aws.amazon.com/kms/pricing/", f"{_THIRD}, 2019"),
}

_MEMORY_GB = 256 / 1024
# Lambda's own START, END and REPORT lines of one invocation.
_PLATFORM_LOG_BYTES = 700
# SNS keeps data keys for minutes; this is as if it never did.
_KMS_REQUESTS_PER_FINDING = 2
# Lambda asks an idle queue with five long polls of 20 s at once.
_POLLS_PER_MONTH = 5 * 3 * 60 * 24 * 365 / 12
# SweepsCompleted and GroundFaults, which each sweep writes. A metric costs for the hours in which it is written, so this is too much;
# those that only deployments and failures write, at most some thirty, come on top for their hours.
_METRICS_OF_SWEEPS = 2
# Kept items of roles: each with its record and a piece of history.
_ROLES, _BYTES_PER_ROLE = 2000, 6000
_CONDITIONAL = re.compile(r"^    Condition: (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Counted:
    """One deployment, as the functions handle it: a role is made, given a policy and given to a new function."""

    invocations: int
    calls: int
    read_units: int
    write_units: int
    published: int
    emails: int
    log_bytes: int
    sent: int

    @classmethod
    def of_file(cls) -> Counted:
        """What the tests counted."""
        return cls(**json.loads((_ROOT / "operations" / "counted-calls.json").read_text(encoding="utf-8")))


def per_deployment(counted: Counted, call_ms: float) -> dict[str, float]:
    """Units by price for one deployment. A call of AWS takes `call_ms`, and all are taken to be made one after the other."""
    return {
        "Lambda requests": counted.invocations,
        "Lambda GB-seconds, arm64": counted.calls * call_ms / 1000 * _MEMORY_GB,
        "DynamoDB writes": counted.write_units,
        "DynamoDB reads": counted.read_units,
        "SNS requests": counted.published,
        "SNS e-mails": counted.emails,
        "SQS requests": counted.sent * 3,
        "EventBridge management events": counted.invocations,
        "CloudTrail management events": counted.calls,
        "CloudWatch logs, GB": (counted.log_bytes + counted.invocations * _PLATFORM_LOG_BYTES) / 1e9,
        "KMS requests": counted.published * _KMS_REQUESTS_PER_FINDING,
    }


def idle_per_month(template: str) -> dict[str, float]:
    """Units by price that one account has every month without any deployment, by what the template deploys by default."""
    def count(kind: str) -> int:
        return sum(
            resource.startswith(f"Type: {kind}") and not _CONDITIONAL.search(resource)
            for resource in re.findall(r"^  \w+:\n    (Type: .*?)(?=^  \w|^\w|\Z)", template, re.MULTILINE | re.DOTALL)
        )

    return {
        "KMS keys": count("AWS::KMS::Key"),
        "CloudWatch alarms": count("AWS::CloudWatch::Alarm"),
        "CloudWatch dashboards": count("AWS::CloudWatch::Dashboard"),
        "CloudWatch metrics": _METRICS_OF_SWEEPS,
        "SQS requests": len(re.findall(r"^ +Type: SQS\n +Properties:", template, re.MULTILINE)) * _POLLS_PER_MONTH,
        "DynamoDB storage and recovery, GB": _ROLES * _BYTES_PER_ROLE / 1e9,
    }


def _sum(units: dict[str, float]) -> float:
    return sum(PRICES[name].of(count) for name, count in units.items())


def table(accounts: list[int], deployments: int, call_ms: float) -> str:
    """The table in Markdown."""
    template = (_ROOT / "template.yaml").read_text(encoding="utf-8")
    busy, idle = per_deployment(Counted.of_file(), call_ms), idle_per_month(template)
    heads = [f"{count:,} account{'s' if count > 1 else ''}" for count in accounts]
    rows = [f"| US dollars | {' | '.join(heads)} |", "|---|" + "---:|" * len(accounts)]

    def row(name: str, dollars: float) -> None:
        if dollars >= 0.005 / max(accounts):
            rows.append(f"| {name} | " + " | ".join(f"{dollars * count:,.2f}" for count in accounts) + " |")

    each = f"{deployments:,} deployments in each"
    for name, count in busy.items():
        row(f"{each}: {name}", PRICES[name].of(count) * deployments)
    row(f"**{each}, together**", _sum(busy) * deployments)
    for name, count in idle.items():
        row(f"a month, idle: {name}", PRICES[name].of(count))
    row("**a month, idle, together**", _sum(idle))
    return "\n".join(rows)


def assumptions(call_ms: float) -> str:
    """What the figures rest on besides counts."""
    counted = Counted.of_file()
    unverified = [name for name, price in PRICES.items() if price.seen == _UNVERIFIED]
    third = [name for name, price in PRICES.items() if price.seen.startswith(_THIRD)]
    return (
        f"Prices as of {PRICES_OF}, without any free tier. One deployment is {counted.calls} calls in "
        f"{counted.invocations} invocations, {call_ms:.0f} ms a call, at 256 MB. Sweeps, and metrics that only deployments and failures write "
        f"(0.30 a month each, by the hour), are left out. Read on AWS's own pages: EventBridge and CloudTrail. "
        f"By third parties: {', '.join(third)}. Not verified: {', '.join(unverified)}."
    )


def main(arguments: list[str] | None = None) -> int:
    """Print the table and what it rests on."""
    parser = argparse.ArgumentParser(description="What Ringfence costs on AWS.")
    parser.add_argument("--accounts", type=int, nargs="+", default=[1, 300])
    parser.add_argument("--deployments", type=int, default=1000, help="in each account (default: 1000)")
    parser.add_argument("--call-ms", type=float, default=60.0, help="what a call of AWS takes (default: 60, an assumption)")
    parsed = parser.parse_args(arguments)
    print(table(parsed.accounts, parsed.deployments, parsed.call_ms))
    print()
    print(assumptions(parsed.call_ms))
    return 0


if __name__ == "__main__":
    sys.exit(main())
