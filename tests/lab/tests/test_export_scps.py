"""What `operations/export_scps.py` asks of Organizations, against a stub that knows the API's model, and the file it makes of the
answers: the one that the sweep's own tests read."""

from __future__ import annotations

import importlib.util
import json
import unittest
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import boto3
from botocore.stub import Stubber

_PROJECT = Path(__file__).parents[3]
_FILE = _PROJECT / "shared/guardrail/tests/guardrail/scps/exported.json"
_SPEC = importlib.util.spec_from_file_location("export_scps", _PROJECT / "operations/export_scps.py")
export_scps = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(export_scps)

_ACCOUNT, _OU, _ROOT = "123456789012", "ou-ab12-0a1b2c3d", "r-ab12"
_FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NO_USERS = {"Version": "2012-10-17", "Statement": [{"Sid": "NoUsers", "Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}]}


class ExportTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = boto3.client("organizations", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")
        self.stub = Stubber(self.client)
        self.stub.activate()

    def _answers(self, call: str, answer: dict[str, Any], **asked: str) -> None:
        self.stub.add_response(call, answer, asked)

    def _organization(self, management: str) -> None:
        self._answers("describe_organization", {"Organization": {"MasterAccountId": management}})

    def _attached(self, target: str, *pages: list[str]) -> None:
        token: dict[str, str] = {}
        for number, ids in enumerate(pages, 1):
            answer: dict[str, Any] = {"Policies": [{"Id": policy} for policy in ids]}
            if number < len(pages):
                answer["NextToken"] = f"page-{number}"
            self._answers("list_policies_for_target", answer, TargetId=target, Filter="SERVICE_CONTROL_POLICY", **token)
            token = {"NextToken": f"page-{number}"}

    def _policy(self, policy: str, document: dict[str, Any]) -> None:
        self._answers("describe_policy", {"Policy": {"Content": json.dumps(document)}}, PolicyId=policy)

    def test_levels_go_from_the_root_to_the_account_and_each_policy_is_read_once(self) -> None:
        self._organization("999999999999")
        self._answers("list_parents", {"Parents": [{"Id": _OU, "Type": "ORGANIZATIONAL_UNIT"}]}, ChildId=_ACCOUNT)
        self._answers("list_parents", {"Parents": [{"Id": _ROOT, "Type": "ROOT"}]}, ChildId=_OU)
        self._attached(_ROOT, ["p-FullAWSAccess"])
        self._policy("p-FullAWSAccess", _FULL)
        self._attached(_OU, ["p-FullAWSAccess"], ["p-0a1b2c3d"])
        self._policy("p-0a1b2c3d", _NO_USERS)
        self._attached(_ACCOUNT, ["p-FullAWSAccess"])
        made = export_scps.export(self.client, _ACCOUNT, datetime(2026, 11, 20, 10, tzinfo=timezone.utc))
        self.stub.assert_no_pending_responses()
        self.assertEqual(made, json.loads(_FILE.read_text()))

    def test_the_management_account_has_none_that_bind_it(self) -> None:
        self._organization(_ACCOUNT)
        with self.assertRaisesRegex(export_scps.NothingToExport, "management account"):
            export_scps.export(self.client, _ACCOUNT, datetime.now(timezone.utc))

    def test_a_level_without_any_is_no_export(self) -> None:
        self._organization("999999999999")
        self._answers("list_parents", {"Parents": [{"Id": _ROOT, "Type": "ROOT"}]}, ChildId=_ACCOUNT)
        self._attached(_ROOT, [])
        with self.assertRaisesRegex(export_scps.NothingToExport, "r-ab12"):
            export_scps.export(self.client, _ACCOUNT, datetime.now(timezone.utc))


if __name__ == "__main__":
    unittest.main()
