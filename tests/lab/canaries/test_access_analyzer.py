"""Access Analyzer (gap 9)."""

from __future__ import annotations

import json
import unittest
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from .accounts import EVERYTHING, LAMBDA_TRUST, bare, lab

_DOCUMENT = json.dumps({"Version": "2012-10-17", "Statement": []})


def _refusal(client: Any, **parameters: Any) -> str | None:
    """The error code of a validation, if there is one."""
    try:
        client.validate_policy(**{"policyDocument": _DOCUMENT, "policyType": "IDENTITY_POLICY", **parameters})
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


class Double(unittest.TestCase):
    """Ours: it says what a test put there."""

    def test_ministack_still_has_none(self) -> None:
        with self.assertRaises((ClientError, ParamValidationError)):
            bare().client("accessanalyzer").validate_policy(policyDocument=_DOCUMENT, policyType="IDENTITY_POLICY")

    def test_it_asks_iam_holds_requests_against_the_model_and_gives_the_prepared_answer(self) -> None:
        account = lab()
        client = account.client("accessanalyzer")
        for action, refusal in (("ValidatePolicy", None), ("CheckNoNewAccess", "AccessDeniedException")):
            statement = {"Effect": "Allow", "Action": f"access-analyzer:{action}", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            with self.subTest(action):
                self.assertEqual(_refusal(account.user(policy, "accessanalyzer")[0]), refusal)
        self.assertEqual(_refusal(client, policyType="NO_POLICY"), "ValidationException")
        self.assertEqual(_refusal(client, policyDocument="{"), "ValidationException")
        account.admin("POST", "access-analyzer", {"ValidatePolicy": {"error": "ThrottlingException", "status": 429}})
        self.assertEqual(_refusal(client), "ThrottlingException")
        account.admin("POST", "access-analyzer", {"ValidatePolicy": {"findings": []}})
        answer = client.validate_policy(policyDocument=_DOCUMENT, policyType="IDENTITY_POLICY")
        self.assertEqual(answer["findings"], [])


class Generation(unittest.TestCase):
    """Ours: jobs, and the history that their policies are made of."""

    def setUp(self) -> None:
        self.account = lab()
        self.analyzer = self.account.client("accessanalyzer")
        iam = self.account.client("iam")
        names = {}
        for service in ("access-analyzer", "lambda"):
            name = f"{service}-{uuid.uuid4().hex[:8]}"
            statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
            trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            names[service] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.reader, self.role = names["access-analyzer"], names["lambda"]
        iam.put_role_policy(RoleName=self.role.rpartition("/")[2], PolicyName="all", PolicyDocument=EVERYTHING)

    def _start(self, client: Any = None, reader: str | None = None, **parameters: Any) -> str:
        now = datetime.now(UTC)
        trail = {"cloudTrailArn": "arn:aws:cloudtrail:us-east-1:000000000000:trail/t", "allRegions": True}
        details = {"trails": [trail], "accessRole": reader or self.reader, "startTime": now - timedelta(days=80), "endTime": now}
        about = {"principalArn": self.role}
        started = (client or self.analyzer).start_policy_generation(
            **{"policyGenerationDetails": about, "cloudTrailDetails": details, **parameters}
        )
        return str(started["jobId"])

    def _refusal(self, **parameters: Any) -> str | None:
        try:
            self._start(**parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    def _end(self, request: dict[str, Any]) -> None:
        self.account.admin("POST", "access-analyzer/generation", request)

    def test_one_job_at_a_time_and_the_same_token_is_the_same_job(self) -> None:
        job = self._start(clientToken="one")
        self.assertEqual(self._start(clientToken="one"), job)
        self.assertEqual(self._refusal(clientToken="two"), "ConflictException")
        listed = self.analyzer.list_policy_generations(principalArn=self.role)["policyGenerations"]
        self.assertEqual([(one["jobId"], one["status"]) for one in listed], [(job, "IN_PROGRESS")])
        self.analyzer.cancel_policy_generation(jobId=job)
        self.assertEqual(self.analyzer.get_generated_policy(jobId=job)["jobDetails"]["status"], "CANCELED")
        self.assertEqual(self._refusal(policyGenerationDetails={"principalArn": self.role + "-2"}), "ValidationException")

    def test_the_reader_has_to_be_passed_on_and_to_trust_the_service(self) -> None:
        allowed = [{"Effect": "Allow", "Action": "access-analyzer:*", "Resource": "*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        self.assertEqual(self._refusal(client=self.account.user(policy, "accessanalyzer")[0]), "AccessDeniedException")
        job = self._start(reader=self.role)
        details = self.analyzer.get_generated_policy(jobId=job)["jobDetails"]
        self.assertEqual((details["status"], details["jobError"]["code"]), ("FAILED", "AUTHORIZATION_ERROR"))

    def test_a_policy_has_the_management_calls_of_the_role_and_the_history_finds_them_by_session(self) -> None:
        session = f"orders-{uuid.uuid4().hex[:8]}"
        keys = self.account.client("sts").assume_role(RoleArn=self.role, RoleSessionName=session)["Credentials"]
        keys = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        table = self.account.client("dynamodb", *keys)
        table.list_tables()
        with self.assertRaises(ClientError):
            table.scan(TableName="none")
        job = self._start()
        self._end({})
        answer = self.analyzer.get_generated_policy(jobId=job)["generatedPolicyResult"]
        (policy,) = (json.loads(one["policy"]) for one in answer["generatedPolicies"])
        self.assertEqual(policy["Statement"][0]["Action"], ["dynamodb:ListTables"], "no call on data")
        attribute = {"AttributeKey": "Username", "AttributeValue": session}
        events = self.account.client("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"]
        self.assertEqual([event["EventName"] for event in events], ["ListTables"])
        issuer = json.loads(events[0]["CloudTrailEvent"])["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
        self.assertEqual(issuer, self.role)

    def test_the_history_comes_by_fifty_newest_first_or_one_by_its_id(self) -> None:
        session = f"busy-{uuid.uuid4().hex[:8]}"
        at = datetime.now(UTC) - timedelta(days=1)
        records = [
            {"eventTime": f"{at + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}", "eventName": str(minute),
             "eventID": f"{session}-{minute}", "userIdentity": {"principalId": f"AROAEXAMPLE:{session}"}}
            for minute in range(60)
        ]
        self.account.admin("POST", "event-history", {"records": records})
        client = self.account.client("cloudtrail")
        attribute = {"AttributeKey": "Username", "AttributeValue": session}
        first = client.lookup_events(LookupAttributes=[attribute])
        second = client.lookup_events(LookupAttributes=[attribute], NextToken=first["NextToken"])
        self.assertEqual((len(first["Events"]), len(second["Events"])), (50, 10))
        self.assertEqual((first["Events"][0]["EventName"], "NextToken" in second), ("59", False))

        one = client.lookup_events(LookupAttributes=[{"AttributeKey": "EventId", "AttributeValue": f"{session}-7"}])
        self.assertEqual([event["EventName"] for event in one["Events"]], ["7"])
        other = [{"AttributeKey": "EventName", "AttributeValue": "7"}]
        with self.assertRaisesRegex(ClientError, "the double knows one of EventId, Username"):
            client.lookup_events(LookupAttributes=other)

    def test_ministack_still_forgets_whose_session_it_was(self) -> None:
        account = bare()
        iam, name = account.client("iam"), f"r-{uuid.uuid4().hex[:8]}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=EVERYTHING)
        keys = account.client("sts").assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="orders")["Credentials"]
        account.client("dynamodb", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]).list_tables()
        attribute = {"AttributeKey": "Username", "AttributeValue": "orders"}
        self.assertEqual(account.client("cloudtrail").lookup_events(LookupAttributes=[attribute])["Events"], [])
