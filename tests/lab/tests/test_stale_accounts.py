"""What `operations/stale_accounts.py` makes of AWS's answers, written by hand after the API's models: no organization was asked."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import unittest
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore.stub import ANY, Stubber

_PROJECT = Path(__file__).parents[3]
_SPEC = importlib.util.spec_from_file_location("stale_accounts", _PROJECT / "operations/stale_accounts.py")
stale_accounts = importlib.util.module_from_spec(_SPEC)
# Dataclasses look their module up.
sys.modules["stale_accounts"] = stale_accounts
_SPEC.loader.exec_module(stale_accounts)

_NOW = datetime.now(timezone.utc)


def _account(number: int, name: str, **fields: str) -> dict[str, Any]:
    return {"Id": str(number) * 12, "Name": name, **fields}


def _beat(account: str, hours_ago: float) -> str:
    """A line as the pipe of organization.yaml writes it."""
    time = (_NOW - timedelta(hours=hours_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"account": account, "time": time, "mode": "enforce", "version": "1.0.0", "finding": "rf-0a1b"})


class StaleAccountsTest(unittest.TestCase):
    def setUp(self) -> None:
        keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-", "region_name": "us-east-1"}
        self.clients = {name: boto3.client(name, **keys) for name in ("organizations", "logs")}
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()
        patch = mock.patch.object(stale_accounts.boto3, "client", side_effect=lambda name, region_name: self.clients[name])
        patch.start()
        self.addCleanup(patch.stop)

    def _accounts(self, *pages: list[dict[str, Any]]) -> None:
        for number, accounts in enumerate(pages):
            more = {"NextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
            asked = {"NextToken": f"page-{number}"} if number else {}
            self.stubs["organizations"].add_response("list_accounts", {"Accounts": accounts, **more}, asked)

    def _lines(self, *pages: list[str]) -> None:
        for number, lines in enumerate(pages):
            more = {"nextToken": f"page-{number + 1}"} if number + 1 < len(pages) else {}
            asked: dict[str, Any] = {
                "logGroupName": "/ringfence/heartbeats", "startTime": ANY, "filterPattern": "{ $.account = * }",
            }
            if number:
                asked["nextToken"] = f"page-{number}"
            answer = {"events": [{"message": line} for line in lines], **more}
            self.stubs["logs"].add_response("filter_log_events", answer, asked)

    def _run(self, *arguments: str) -> tuple[int, list[str], str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = int(stale_accounts.main(list(arguments)))
            except SystemExit as end:
                code = int(end.code or 0)
        return code, out.getvalue().splitlines(), err.getvalue()

    def test_the_silent_are_listed_those_never_heard_of_first(self) -> None:
        self._accounts(
            [_account(1, "orders", Status="ACTIVE", State="ACTIVE"), _account(2, "billing", Status="ACTIVE")],
            [_account(3, "new", Status="ACTIVE"), _account(4, "legacy", Status="ACTIVE")],
        )
        self._lines([_beat("1" * 12, 40), _beat("2" * 12, 30)], [_beat("1" * 12, 3), _beat("4" * 12, 50)])
        code, lines, summary = self._run()
        self.assertEqual(code, 1)
        self.assertEqual([line.split()[0] for line in lines], ["3" * 12, "4" * 12, "2" * 12])
        self.assertIn("never heard of", lines[0])
        self.assertTrue(lines[1].endswith("legacy"))
        self.assertIn("3 of 4 accounts", summary)
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()

    def test_suspended_and_closing_accounts_are_left_out(self) -> None:
        self._accounts([
            _account(1, "orders", Status="ACTIVE"), _account(2, "gone", Status="SUSPENDED"),
            _account(3, "closing", Status="PENDING_CLOSURE"), _account(4, "closed", Status="SUSPENDED", State="CLOSED"),
        ])
        self._lines([_beat("1" * 12, 1)])
        self.assertEqual(self._run()[:2], (0, []))

    def test_hours_decide(self) -> None:
        for hours, code in (("30", 0), ("20", 1)):
            self._accounts([_account(1, "orders", Status="ACTIVE")])
            self._lines([_beat("1" * 12, 25)])
            self.assertEqual(self._run("--hours", hours)[0], code, hours)

    def test_lines_that_are_no_heartbeat_are_passed_over(self) -> None:
        self._accounts([_account(1, "orders", Status="ACTIVE")])
        broken = [" ", "no JSON", "[]", '{"account": "111111111111"}', '{"account": "111111111111", "time": "soon"}',
                  '{"account": "111111111111", "time": "2026-11-23T10:00:00"}']
        self._lines(broken)
        self.assertEqual(self._run()[0], 1)

    def test_where_aws_cannot_be_asked_nobody_is_called_silent(self) -> None:
        self.stubs["organizations"].add_client_error("list_accounts", "AccessDeniedException")
        code, lines, error = self._run()
        self.assertEqual((code, lines), (2, []))
        self.assertIn("AccessDeniedException", error)

    def test_wrong_usage(self) -> None:
        for hours in ("0", "-1", "many", "100000"):
            self.assertEqual(self._run("--hours", hours)[0], 2, hours)
        code, lines, _ = self._run("--help")
        self.assertEqual(code, 0)
        self.assertIn("Exit code 0", "\n".join(lines))


if __name__ == "__main__":
    unittest.main()
