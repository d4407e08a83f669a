#!/usr/bin/env python3
"""List the organization's accounts whose Ringfence has not been heard of.

    python3 operations/stale_accounts.py [--hours 26] [--region us-east-1] [--log-group /ringfence/heartbeats]

It needs boto3, which AWS CloudShell has, and credentials of the account of organization.yaml, who may list the organization's
accounts and filter the log. It only reads. An account is heard of when a sweep came to its end there: its summary gets to the
log by the way of every finding. Accounts that are suspended, closed or about to be are left out.

Exit code 0: all were heard of. 1: those that are listed were not. 2: wrong usage, or AWS could not be asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import botocore.exceptions

LOG_GROUP = "/ringfence/heartbeats"
# How long heartbeats are kept, see organization.yaml: what is older counts as never.
_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Account:
    """An account that should have Ringfence."""

    id: str
    name: str


def accounts_of(organizations: Any) -> list[Account]:
    """The organization's accounts that are in use, by id."""
    pages = organizations.get_paginator("list_accounts").paginate()
    # `State` came in 2025 and will replace `Status`
    # (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html).
    in_use = [
        Account(account["Id"], account["Name"])
        for page in pages for account in page["Accounts"] if account.get("State", account.get("Status")) == "ACTIVE"
    ]
    return sorted(in_use, key=lambda account: account.id)


def last_heard(logs: Any, group: str, since: datetime) -> dict[str, datetime]:
    """When each account was last heard of. Lines that are no heartbeat are passed over."""
    heard: dict[str, datetime] = {}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, startTime=int(since.timestamp() * 1000), filterPattern="{ $.account = * }",
    )
    for event in (event for page in pages for event in page["events"]):
        try:
            line = json.loads(event["message"])
            account, time = str(line["account"]), datetime.fromisoformat(str(line["time"]).replace("Z", "+00:00"))
        except (ValueError, KeyError, TypeError):
            continue
        if time.tzinfo is None:
            continue
        heard[account] = max(time, heard.get(account, time))
    return heard


def stale(accounts: Iterable[Account], heard: dict[str, datetime], before: datetime) -> list[tuple[Account, datetime | None]]:
    """Accounts that were last heard of before that time, or never; those that never were come first."""
    silent = [(account, heard.get(account.id)) for account in accounts]
    silent = [(account, last) for account, last in silent if last is None or last < before]
    return sorted(silent, key=lambda one: (one[1] is not None, one[1] or before, one[0].id))


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 < hours <= _KEPT / timedelta(hours=1):
        raise argparse.ArgumentTypeError(f"`{text}` is not between 0 and {_KEPT / timedelta(hours=1):.0f} hours")
    return hours


def main(arguments: list[str] | None = None) -> int:
    """List them; the exit code says whether there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--hours", type=_hours, default=26.0,
        help="how long an account may be silent (default: 26, a little more than two sweeps of the default schedule)",
    )
    parser.add_argument("--region", default="us-east-1", help="where organization.yaml is deployed (default: %(default)s)")
    parser.add_argument("--log-group", default=LOG_GROUP, help="its output HeartbeatLogGroup (default: %(default)s)")
    parsed = parser.parse_args(arguments)
    now = datetime.now(timezone.utc)
    try:
        accounts = accounts_of(boto3.client("organizations", region_name=parsed.region))
        heard = last_heard(boto3.client("logs", region_name=parsed.region), parsed.log_group, now - _KEPT)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        print(f"AWS could not be asked: {error}", file=sys.stderr)
        return 2
    silent = stale(accounts, heard, now - timedelta(hours=parsed.hours))
    for account, last in silent:
        when = f"last heard of {last:%Y-%m-%d %H:%M} UTC" if last else "never heard of"
        print(f"{account.id}  {when:<32}  {account.name}")
    print(f"{len(silent)} of {len(accounts)} accounts not heard of for {parsed.hours:g} hours", file=sys.stderr)
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
