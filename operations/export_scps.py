#!/usr/bin/env python3
"""Write down the service control policies over one account, for Ringfence's sweep to count in.

    python3 operations/export_scps.py 123456789012 > scps.json

It needs boto3, which AWS CloudShell has, and credentials of the organization's management account, or of a delegated
administrator of policies, who may list parents and read policies. It only reads. Put the file into the bucket of the account's
reports, as one of its OperatorPrincipals:

    aws s3 cp scps.json s3://<ReportBucketName>/organization/scps.json

An export counts for 30 days. It holds the policies by level, root first, as `levels`, which the `assess` example takes as `scps`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import datetime, timezone
from typing import Any

import boto3

SCHEMA = "ringfence.scps/1"
_KIND = "SERVICE_CONTROL_POLICY"


class NothingToExport(Exception):
    """No service control policy can bind the account; says why."""


def path_of(organizations: Any, account: str) -> list[str]:
    """The ids of root, OUs and account, root first."""
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    if organizations.describe_organization()["Organization"]["MasterAccountId"] == account:
        raise NothingToExport(f"{account} is the management account, which service control policies do not bind")
    path = [account]
    while not path[0].startswith("r-"):
        # There is one: an account or OU has exactly one parent.
        path.insert(0, organizations.list_parents(ChildId=path[0])["Parents"][0]["Id"])
    return path


def attached_to(organizations: Any, target: str, documents: dict[str, Any]) -> list[Any]:
    """The documents attached to a root, OU or account. What was read once is in `documents`."""
    pages = organizations.get_paginator("list_policies_for_target").paginate(TargetId=target, Filter=_KIND)
    ids = [policy["Id"] for page in pages for policy in page["Policies"]]
    if not ids:
        raise NothingToExport(f"nothing is attached to {target}: are policies of the type {_KIND} enabled in the organization?")
    for policy in ids:
        if policy not in documents:
            documents[policy] = json.loads(organizations.describe_policy(PolicyId=policy)["Policy"]["Content"])
    return [documents[policy] for policy in ids]


def export(organizations: Any, account: str, now: datetime) -> dict[str, Any]:
    """The file, as the sweep reads it."""
    targets = path_of(organizations, account)
    documents: dict[str, Any] = {}
    return {
        "schema": SCHEMA,
        "account": account,
        "exported_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "targets": targets,
        "levels": [attached_to(organizations, target, documents) for target in targets],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("account", help="the twelve digits of the account that Ringfence sweeps")
    account = parser.parse_args().account
    if not re.fullmatch(r"\d{12}", account):
        parser.error(f"`{account}` is not the id of an account")
    try:
        # Organizations has one endpoint for all Regions.
        file = export(boto3.client("organizations", region_name="us-east-1"), account, datetime.now(timezone.utc))
    except NothingToExport as why:
        print(why, file=sys.stderr)
        return 1
    json.dump(file, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
