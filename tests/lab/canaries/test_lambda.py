"""Patches of Lambda: asynchronous failures, environment, logs, faults, properties through CloudFormation."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any
from urllib.error import HTTPError

from botocore import xform_name
from botocore.exceptions import ClientError, ReadTimeoutError

from .accounts import LAMBDA_TRUST, ONLY_LOGS, Account, bare, bootstrap, lab, unique


class AsynchronousFailure(unittest.TestCase):
    """Gap 4: a rule's target that fails is tried again, and its event is not lost."""

    def _fail(self, account: Account) -> tuple[str, str]:
        url, arn = account.queue()
        function = account.function(account.role(), Environment={"Variables": {"FAIL": "1"}})
        account.client("lambda").put_function_event_invoke_config(
            FunctionName=function, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": arn}}
        )
        source = unique("source")
        account.rule(function, {"source": [source]})
        account.client("events").put_events(Entries=[{"Source": source, "DetailType": "x", "Detail": '{"mark": 1}'}])
        return function, url

    def test_gap_the_event_is_lost(self) -> None:
        account = bare()
        _, url = self._fail(account)
        self.assertNotIn("Messages", account.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5))

    def test_three_attempts_then_the_destination(self) -> None:
        account = lab()
        function, url = self._fail(account)
        account.settle()
        self.assertEqual([entry["error"] for entry in account.invocations(function)], ["Told.To"] * 3)
        (message,) = account.client("sqs").receive_message(QueueUrl=url)["Messages"]
        self.assertEqual(json.loads(message["Body"])["requestPayload"]["detail"], {"mark": 1})

    def test_throttled_events_wait_without_using_up_attempts(self) -> None:
        account = lab()
        function = account.function(account.role())
        account.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")
        time.sleep(1.5)
        self.assertEqual(account.admin("GET", "idle")["unfinished_async"], 1)
        account.client("lambda").delete_function_concurrency(FunctionName=function)
        account.settle()
        self.assertEqual([entry["error"] for entry in account.invocations(function)], [None])


class Environment(unittest.TestCase):
    """What a function's process finds in its environment."""

    def _environment(self, account: Account, **logging: str) -> dict[str, str]:
        function = account.function(account.role(), LoggingConfig=logging, Environment={"Variables": {"HOME": "/own"}})
        account.invoke(function)
        if account is lab():
            lines = account.admin("GET", f"logs?function={function}")
        else:
            logs = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")
            lines = [event["message"] for event in logs["events"]]
        line = next(line for line in lines if line.startswith("environment "))
        return dict(json.loads(line.removeprefix("environment ")))

    def test_gap_the_server_s_variables_and_no_log_format(self) -> None:
        found = self._environment(bare(), LogFormat="JSON")
        self.assertIn("MINISTACK_ACCOUNT_ID", found)
        self.assertNotIn("AWS_LAMBDA_LOG_FORMAT", found)

    def test_as_on_aws(self) -> None:
        found = self._environment(lab(), LogFormat="JSON", ApplicationLogLevel="DEBUG")
        expected = {
            "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "DEBUG", "AWS_REGION": "us-east-1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_ENDPOINT_URL": lab().url, "HOME": "/own",
        }
        self.assertEqual({name: found.get(name) for name in expected}, expected)
        self.assertTrue(found["AWS_ACCESS_KEY_ID"].startswith("ASIA"))
        for name in ("MINISTACK_ACCOUNT_ID", "GATEWAY_PORT", "AUTH", "PYTHONPATH", "TMPDIR"):
            self.assertNotIn(name, found)

    def test_text_logs_have_no_log_format(self) -> None:
        self.assertNotIn("AWS_LAMBDA_LOG_FORMAT", self._environment(lab(), LogFormat="Text"))


class Faults(unittest.TestCase):
    """Processes that die and calls that fail."""

    def _armed(self, when: str, call: int) -> tuple[Account, str, str, str]:
        account = lab()
        first, second = unique("group"), unique("group")
        calls = [["iam", "create_group", {"GroupName": name}] for name in (first, second)]
        function = account.function(account.role(), Environment={"Variables": {"CALLS": json.dumps(calls)}})
        account.admin("POST", "faults", {"kind": "kill", "function": function, "when": when, "call": call})
        self.addCleanup(account.admin, "DELETE", "faults")
        account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload="{}")
        account.settle()
        return account, function, first, second

    def _attempts(self, account: Account, function: str) -> list[list[Any]]:
        return [
            [entry["parameters"].get("GroupName"), entry["status"], entry["fault"]]
            for entry in account.admin("GET", "journal")
            if entry["kind"] == "call" and entry["caller"].get("function") == function
        ]

    def test_before_the_call_is_never_made_and_the_retry_succeeds(self) -> None:
        account, function, first, second = self._armed("before", 2)
        errors = [entry["error"] for entry in account.invocations(function)]
        self.assertEqual((len(errors), errors[-1]), (2, None))
        self.assertIsNotNone(errors[0])
        statuses = [(status, fault) for _, status, fault in self._attempts(account, function)]
        # The retry finds the first group there, and makes the second.
        self.assertEqual(statuses, [(200, None), (None, "kill-before"), (409, None), (200, None)])
        self.assertEqual([fault["fired"] for fault in account.admin("GET", "faults")], [1])
        made = {group["GroupName"] for group in account.client("iam").list_groups()["Groups"]}
        self.assertLessEqual({first, second}, made)

    def test_after_the_call_is_made_and_its_answer_lost(self) -> None:
        account, function, _, _ = self._armed("after", 2)
        statuses = [(status, fault) for _, status, fault in self._attempts(account, function)]
        self.assertEqual(statuses, [(200, None), (200, "kill-after"), (409, None), (409, None)])
        self.assertEqual([entry["error"] is None for entry in account.invocations(function)], [False, True])

    def test_a_call_that_is_never_made_never_fires(self) -> None:
        account, function, _, _ = self._armed("before", 3)
        self.assertEqual([fault["fired"] for fault in account.admin("GET", "faults")], [0])
        self.assertEqual(len(account.invocations(function)), 1)

    def test_failing_calls_speak_each_service_s_protocol(self) -> None:
        account = lab()
        self.addCleanup(account.admin, "DELETE", "faults")
        topic = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Message": "x"}
        queue = {"QueueUrl": f"{account.url}/123456789012/q", "MessageBody": "x"}
        cases: list[tuple[str, str, str, dict[str, Any]]] = [
            ("sns", "Publish", "NotFound", topic),
            ("iam", "GetRole", "ServiceFailure", {"RoleName": "x"}),
            ("dynamodb", "PutItem", "InternalServerError", {"TableName": "t", "Item": {}}),
            ("sqs", "SendMessage", "QueueDoesNotExist", queue),
            ("lambda", "GetFunctionConfiguration", "TooManyRequestsException", {"FunctionName": "x"}),
        ]
        for service, operation, code, parameters in cases:
            with self.subTest(service):
                account.admin("POST", "faults", {
                    "kind": "fail", "service": service, "operation": operation, "code": code, "status": 500,
                })
                client = account.client(service)
                with self.assertRaisesRegex(ClientError, rf"{code}.*a fault of the Ringfence lab"):
                    getattr(client, xform_name(operation))(**parameters)

    def test_failures_can_be_narrowed_and_run_out(self) -> None:
        account = lab()
        self.addCleanup(account.admin, "DELETE", "faults")
        hit, missed = account.role(), account.role()
        account.admin("POST", "faults", {
            "kind": "fail", "service": "iam", "operation": "GetRole", "resource": hit, "times": 1, "skip": 1,
        })
        iam = account.client("iam")
        iam.get_role(RoleName=missed)
        iam.get_role(RoleName=hit)
        with self.assertRaisesRegex(ClientError, "a fault of the Ringfence lab"):
            iam.get_role(RoleName=hit)
        iam.get_role(RoleName=hit)


    def test_every_kth_call_of_functions_fails_until_it_is_disarmed(self) -> None:
        account = lab()
        self.addCleanup(account.admin, "DELETE", "faults")
        account.admin("POST", "faults", {
            "kind": "fail", "service": "iam", "operation": "GetRole", "function": "*", "every": 3, "times": None,
            "status": 400, "code": "Throttling", "message": "Rate exceeded",
        })
        role = account.role()
        answers = account.invoke(account.function(account.role()), *[("iam", "get_role", {"RoleName": role})] * 7)
        self.assertEqual(["Throttling" in answer for answer in answers], [True, False, False] * 2 + [True])
        account.client("iam").get_role(RoleName=role)  # No function's.

    def _patience(self, account: Account, **parameters: Any) -> tuple[float, str]:
        """How long a client that waits for a second waits for CreateGroup, and what it gets."""
        client = account.client("iam", read_timeout=1)
        started = time.monotonic()
        try:
            answer = client.create_group(**parameters)["Group"]["GroupName"]
        except ReadTimeoutError:
            answer = "timeout"
        return time.monotonic() - started, answer

    def test_a_late_answer_is_of_a_call_that_was_made(self) -> None:
        account, first, second = lab(), unique("group"), unique("group")
        self.addCleanup(account.admin, "DELETE", "faults")
        for seconds in (0.5, 1.5):
            account.admin("POST", "faults", {"kind": "late", "service": "iam", "seconds": seconds})
        seconds, answer = self._patience(account, GroupName=first)
        self.assertTrue(0.5 <= seconds < 1 and answer == first, (seconds, answer))
        self.assertEqual(self._patience(account, GroupName=second)[1], "timeout")
        self.assertIn(second, {group["GroupName"] for group in account.client("iam").list_groups()["Groups"]})
        account.settle()

    def test_a_hanging_call_is_never_made(self) -> None:
        account, group = lab(), unique("group")
        self.addCleanup(account.admin, "DELETE", "faults")
        account.admin("POST", "faults", {"kind": "hang", "service": "iam"})
        self.assertEqual(self._patience(account, GroupName=group)[1], "timeout")
        account.settle()  # The connection is closed, and the call with it.
        self.assertNotIn(group, {group["GroupName"] for group in account.client("iam").list_groups()["Groups"]})

    def test_what_makes_no_sense_is_refused(self) -> None:
        for fault in (
            {"kind": "rain"}, {"kind": "kill", "function": "f", "call": 0}, {"kind": "fail", "service": "iam", "every": 0},
            {"kind": "late", "service": "iam"}, {"kind": "stale", "what": "user", "seconds": 1.0},
        ):
            with self.subTest(fault), self.assertRaisesRegex(HTTPError, "400"):
                lab().admin("POST", "faults", fault)


class CloudFormation(unittest.TestCase):
    """Gaps 2, 3 and 18: properties that the provisioner forgets."""

    def _resources(self, boundary: str | None, dead_letters: str | None) -> dict[str, Any]:
        role: dict[str, Any] = {"AssumeRolePolicyDocument": json.loads(LAMBDA_TRUST), "Description": unique("d")}
        function: dict[str, Any] = {
            "Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"S3Bucket": "code", "S3Key": "zip"},
            "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Description": unique("d"),
        }
        table: dict[str, Any] = {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST",
        }
        if boundary:
            role["PermissionsBoundary"] = boundary
        if dead_letters:
            function |= {"DeadLetterConfig": {"TargetArn": dead_letters}, "ReservedConcurrentExecutions": 3}
            table |= {
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            }
        return {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table},
        }

    def _upload(self, account: Account) -> None:
        account.client("s3").create_bucket(Bucket="code")
        account.client("s3").put_object(Bucket="code", Key="zip", Body=bootstrap())

    def _found(self, account: Account, stack: str) -> list[Any]:
        resources = account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
        ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
        functions, tables = account.client("lambda"), account.client("dynamodb")
        role = account.client("iam").get_role(RoleName=ids["Role"])["Role"]
        function = functions.get_function_configuration(FunctionName=ids["Function"])
        return [
            role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            function.get("DeadLetterConfig", {}).get("TargetArn"),
            functions.get_function_concurrency(FunctionName=ids["Function"]).get("ReservedConcurrentExecutions"),
            tables.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]["TimeToLiveStatus"],
            tables.describe_continuous_backups(TableName=ids["Table"])["ContinuousBackupsDescription"]
            ["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        ]

    def test_gap_all_of_them_are_dropped(self) -> None:
        account = bare()
        self._upload(account)
        _, queue = account.queue()
        stack = account.stack(self._resources(account.policy(ONLY_LOGS), queue))
        self.assertEqual(self._found(account, stack), [None, None, None, "DISABLED", "DISABLED"])

    def test_kept_on_create_changed_and_removed_on_update(self) -> None:
        account = lab()
        self._upload(account)
        (_, queue), (_, other_queue) = account.queue(), account.queue()
        boundary, other = account.policy(ONLY_LOGS), account.policy(ONLY_LOGS)
        stack = account.stack(self._resources(boundary, queue))
        self.assertEqual(self._found(account, stack), [boundary, queue, 3, "ENABLED", "ENABLED"])
        account.stack(self._resources(other, other_queue), stack)
        self.assertEqual(self._found(account, stack), [other, other_queue, 3, "ENABLED", "ENABLED"])
        account.stack(self._resources(None, None), stack)
        self.assertEqual(self._found(account, stack), [None, None, None, "DISABLED", "DISABLED"])

    def test_a_boundary_from_outside_survives_an_update_that_does_not_mention_it(self) -> None:
        account = lab()
        self._upload(account)
        stack = account.stack(self._resources(None, None))
        resource = account.client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Role")
        boundary = account.policy(ONLY_LOGS)
        account.client("iam").put_role_permissions_boundary(
            RoleName=resource["StackResourceDetail"]["PhysicalResourceId"], PermissionsBoundary=boundary
        )
        account.stack(self._resources(None, None), stack)
        self.assertEqual(self._found(account, stack)[0], boundary)

    def test_a_boundary_that_does_not_exist_fails_the_stack(self) -> None:
        account = lab()
        self._upload(account)
        with self.assertRaisesRegex(AssertionError, "ROLLBACK"):
            account.stack(self._resources("arn:aws:iam::123456789012:policy/nowhere", None))


class Urls(unittest.TestCase):
    """The URL of an alias, and who may look at URLs."""

    def _url_of_an_alias(self, account: Account) -> tuple[str, str]:
        function = account.function(account.role())
        functions = account.client("lambda")
        functions.publish_version(FunctionName=function)
        functions.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
        functions.create_function_url_config(FunctionName=function, Qualifier="live", AuthType="NONE")
        (config,) = functions.list_function_url_configs(FunctionName=function)["FunctionUrlConfigs"]
        return function, config["FunctionArn"]

    def test_gap_it_is_told_as_the_function_s(self) -> None:
        function, arn = self._url_of_an_alias(bare())
        self.assertTrue(arn.endswith(f":function:{function}"), arn)

    def test_it_is_told_with_its_alias(self) -> None:
        function, arn = self._url_of_an_alias(lab())
        self.assertTrue(arn.endswith(f":function:{function}:live"), arn)

    def _looks_at_urls(self, account: Account, action: str) -> str:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        role = account.role(json.dumps(policy))
        function = account.function(role)
        return account.invoke(function, ("lambda", "list_function_url_configs", {"FunctionName": function}))[0]

    def test_gap_whoever_may_list_them_is_refused(self) -> None:
        self.assertIn("AccessDenied", self._looks_at_urls(bare(), "lambda:ListFunctionUrlConfigs"))

    def test_whoever_may_list_them_does(self) -> None:
        self.assertEqual(self._looks_at_urls(lab(), "lambda:ListFunctionUrlConfigs"), "done")
        self.assertIn("AccessDenied", self._looks_at_urls(lab(), "lambda:GetFunction"))
