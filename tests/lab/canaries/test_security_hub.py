"""Security Hub (gap 10)."""

from __future__ import annotations

import json
import unittest
from typing import Any

from botocore.exceptions import ClientError

from .accounts import bare, lab


def _finding(**fields: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08", "Id": "canary", "GeneratorId": "canary", "AwsAccountId": "123456789012",
        "ProductArn": "arn:aws:securityhub:us-east-1:123456789012:product/123456789012/default",
        "CreatedAt": "2026-11-22T10:00:00.000Z", "UpdatedAt": "2026-11-22T10:00:00.000Z", "Title": "first",
        "Description": "A canary.", "Resources": [{"Type": "AwsAccount", "Id": "AWS::::Account:123456789012"}], **fields,
    }


def _refusal(client: Any, finding: dict[str, Any]) -> str | None:
    """The error code of an import, if there is one."""
    try:
        client.batch_import_findings(Findings=[finding])
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


class Findings(unittest.TestCase):
    """moto's, behind the lab."""

    def test_ministack_still_has_none(self) -> None:
        with self.assertRaises(ClientError):
            bare().client("securityhub").get_findings()

    def test_a_finding_is_imported_and_updated_once_security_hub_is_enabled(self) -> None:
        account = lab()
        client = account.client("securityhub")
        self.assertEqual(_refusal(client, _finding()), "InvalidAccessException")
        account.admin("POST", "security-hub")
        allowed = {"Effect": "Allow", "Action": "securityhub:*", "Resource": _finding()["ProductArn"]}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        for product, refusal in (("default", None), ("other", "AccessDeniedException")):
            arn = f"arn:aws:securityhub:us-east-1:123456789012:product/123456789012/{product}"
            with self.subTest(product):
                self.assertEqual(_refusal(account.user(policy, "securityhub")[0], _finding(ProductArn=arn)), refusal)
        client.batch_import_findings(Findings=[_finding()])
        client.batch_import_findings(Findings=[_finding(Title="second", RecordState="ARCHIVED")])
        found = [(one["Title"], one.get("RecordState")) for one in client.get_findings()["Findings"]]
        self.assertEqual(found, [("second", "ARCHIVED")])
        self.assertEqual(_refusal(client, _finding(Title="x" * 257)), "InvalidInputException")
