"""What `make replay` reads and shows, without a lab."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from ringfence_lab import cli
from ringfence_lab.replay import event, report, role

_FIXTURES = Path(__file__).resolve().parents[3] / "events"
_RECORD = {
    "eventName": "CreateRole", "eventSource": "iam.amazonaws.com", "eventID": "e-1", "recipientAccountId": "123456789012",
    "requestParameters": {"roleName": "orders"},
}
_TRUST = {"Version": "2012-10-17", "Statement": []}


def _written(value: Any) -> str:
    return event.read(json.dumps(value)).body["source"]


class Reading(unittest.TestCase):
    def test_each_envelope_gives_the_same_record(self) -> None:
        envelope = {"source": "aws.iam", "detail-type": "AWS API Call via CloudTrail", "detail": _RECORD}
        for value in (_RECORD, envelope, {"Records": [_RECORD]}, {"detail": _RECORD}):
            read = event.read(json.dumps(value))
            self.assertEqual((read.record, read.for_the_bus, read.name), (_RECORD, True, "CreateRole"))
            self.assertEqual(read.body["source"], "aws.iam")
            self.assertEqual(read.body["detail-type"], "AWS API Call via CloudTrail")

    def test_an_envelope_keeps_what_it_says(self) -> None:
        self.assertEqual(_written({"source": "com.example", "detail-type": "x", "detail": _RECORD}), "com.example")

    def test_messages_of_the_review_queue(self) -> None:
        for value in ({"role": "orders"}, {"Records": [{"messageId": "1", "body": '{"role": "orders"}'}]}):
            read = event.read(json.dumps(value))
            self.assertEqual((read.body, read.for_the_bus, read.name), ({"role": "orders"}, False, "Review"))

    def test_anything_else_is_said_to_be_so(self) -> None:
        for text, why in (
            ("{", "not JSON"), ("[]", "not a JSON object"), ("{}", "no CloudTrail record"), ('{"Records": []}', "0 records"),
            ('{"Records": [{}, {}]}', "2 records"), ('{"all": true}', "ringfence-undo-remediation"),
        ):
            with self.subTest(text), self.assertRaisesRegex(event.Unusable, why):
                event.read(text)

    def test_every_fixture_of_the_rules_can_be_read(self) -> None:
        fixtures = [path for path in _FIXTURES.glob("on-*/**/*.json")]
        self.assertGreater(len(fixtures), 50)
        for path in fixtures:
            with self.subTest(path.name):
                self.assertTrue(event.read(path.read_text(encoding="utf-8")).for_the_bus)

    def test_an_event_of_another_account_is_taken_for_the_labs_whole(self) -> None:
        record = {**_RECORD, "recipientAccountId": "210987654321", "userIdentity": {"arn": "arn:aws:iam::210987654321:user/a"}}
        read = event.read(json.dumps(record))
        self.assertEqual(read.account, "210987654321")
        self.assertNotIn("210987654321", json.dumps(read.in_the_lab().body))
        self.assertEqual(read.in_the_lab().account, "123456789012")

    def test_why_no_rule_takes_it(self) -> None:
        for more, why in (({"errorCode": "AccessDenied"}, "AccessDenied"), ({"readOnly": True}, "only reads"), ({}, "no rule")):
            self.assertIn(why, event.read(json.dumps({**_RECORD, **more})).why_no_rule_takes_it())


class Roles(unittest.TestCase):
    def test_a_role_by_itself_or_in_the_answer(self) -> None:
        detail = {"RoleName": "orders", "AssumeRolePolicyDocument": _TRUST}
        for value in (detail, {"RoleDetailList": [detail], "Policies": []}):
            self.assertEqual(role.read(json.dumps(value)).name, "orders")

    def test_what_is_no_role(self) -> None:
        for text in ("{", "[]", "{}", '{"RoleDetailList": []}', '{"RoleDetailList": [{}, {}]}', '{"RoleName": "orders"}'):
            with self.subTest(text), self.assertRaises(event.Unusable):
                role.read(text)

    def test_dates_are_those_of_the_file(self) -> None:
        detail = {"RoleName": "orders", "AssumeRolePolicyDocument": _TRUST}
        self.assertEqual(role.dates(role.RoleFile(detail, [])), {})
        detail |= {"CreateDate": "2025-01-01T00:00:00Z", "RoleLastUsed": {"LastUsedDate": "2026-01-01T00:00:00Z"}}
        found = role.dates(role.RoleFile(detail, []))
        self.assertEqual(found, {"created": "2025-01-01T00:00:00Z", "last_used": "2026-01-01T00:00:00Z"})


class Showing(unittest.TestCase):
    _CAME = report.Came(
        "CreateRole", "e-1", [{"function": "ringfence-on-role-change", "log": {"message": "done", "decision": "boundary put", "outcome": "bounded"}}],
        ["iam:GetRole"], [{"id": "rf-1"}], [{"subject": "[LOW] bounded", "body": "LOW\x1b[31m: text"}], ["a note"],
    )

    def test_text_has_decision_calls_and_mail_and_cannot_steer_the_terminal(self) -> None:
        text = report.in_text(self._CAME)
        for part in ("Decision   bounded: boundary put", "Calls      iam:GetRole", "Subject: [LOW] bounded", "LOW: text", "Note       a note"):
            self.assertIn(part, text)
        self.assertNotIn("\x1b", text)

    def test_json_has_the_findings(self) -> None:
        self.assertEqual(json.loads(report.in_json(self._CAME))["findings"], [{"id": "rf-1"}])

    def test_ignored_is_what_every_invocation_ignored(self) -> None:
        self.assertIsNone(self._CAME.ignored)
        ignored = {"function": "f", "log": {"message": "ignored", "reason": "it failed"}}
        self.assertEqual(report.Came("", "", [ignored], [], [], [], []).ignored, "it failed")
        self.assertIsNone(report.Came("", "", [ignored, *self._CAME.invocations], [], [], [], []).ignored)


class CommandLine(unittest.TestCase):
    """Unusable files end it before anything is built or started."""

    def _run(self, value: Any, *arguments: str) -> tuple[int, str]:
        said = io.StringIO()
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file, contextlib.redirect_stderr(said):
            file.write(value if isinstance(value, str) else json.dumps(value))
            file.flush()
            return cli.main(["replay", file.name, *arguments]), said.getvalue()

    def test_exit_code_and_one_line(self) -> None:
        for value in ("{", {}, {**_RECORD, "recipientAccountId": "210987654321"}):
            code, said = self._run(value)
            self.assertEqual((code, said.count("\n")), (2, 1), said)
        self.assertIn("ADOPT=1", said)

    def test_a_missing_file(self) -> None:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            self.assertEqual(cli.main(["replay", "/nonexistent.json"]), 2)
        self.assertIn("cannot be read", said.getvalue())


if __name__ == "__main__":
    unittest.main()
