"""The CloudTrail tap (gap 1): names, identities, elements, delivery."""

from __future__ import annotations

import json
import unittest

from botocore.exceptions import ClientError

from ringfence_lab import api_call, cloudtrail_names

from .accounts import EVERYTHING, ONLY_LOGS, bare, lab, unique

ANY_CALL = {"source": ["aws.iam", "aws.lambda"], "detail": {"errorCode": [{"exists": False}]}}


class Names(unittest.TestCase):
    """The table of event names and Lambda's API model."""

    def test_every_lambda_write_has_a_name_and_every_name_is_a_lambda_write(self) -> None:
        model = api_call.service_model("lambda")
        assert model is not None
        writes = {
            operation for operation in model.operation_names
            if not cloudtrail_names.is_read_only(operation) and not cloudtrail_names.is_data_event("lambda", operation)
        }
        self.assertEqual(writes, set(cloudtrail_names.LAMBDA_EVENT_NAMES))


class Emission(unittest.TestCase):
    """Calls become events."""

    def test_bare_ministack_emits_nothing(self) -> None:
        account = bare()
        url, arn = account.queue()
        events = account.client("events")
        events.put_rule(Name="all", EventPattern=json.dumps({"source": ["aws.iam"]}))
        events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
        account.role()
        self.assertNotIn("Messages", account.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1))

    def test_a_user_s_calls_fire_a_function(self) -> None:
        account = lab()
        watcher = account.function(account.role())
        account.rule(watcher, ANY_CALL)
        iam, functions = account.user(EVERYTHING, "iam", "lambda")
        role = account.role()
        iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        other = account.function(role)
        functions.update_function_configuration(FunctionName=other, MemorySize=256)
        account.settle()
        seen = {invocation["event_id"] for invocation in account.invocations(watcher)}
        for name in ("AttachRolePolicy", "CreateFunction20150331", "UpdateFunctionConfiguration20150331v2"):
            record = account.events(name)[-1]
            self.assertIn(record["eventID"], seen)
        self.assertEqual(record["userIdentity"]["type"], "IAMUser")
        self.assertEqual(record["requestParameters"]["functionName"], other)
        self.assertNotIn("role", record["requestParameters"])
        self.assertTrue(record["responseElements"]["role"].endswith(f"role/{role}"))

    def test_a_session_s_call_names_the_role_with_its_path(self) -> None:
        account = lab()
        role = account.role(path="/service-role/")
        function = account.function(role)
        target = account.role()
        account.invoke(function, ("iam", "tag_role", {"RoleName": target, "Tags": [{"Key": "Team", "Value": "a"}]}))
        record = account.events("TagRole")[-1]
        self.assertEqual(record["requestParameters"], {"roleName": target, "tags": [{"key": "Team", "value": "a"}]})
        self.assertIsNone(record["responseElements"])
        identity = record["userIdentity"]
        self.assertEqual(identity["type"], "AssumedRole")
        self.assertTrue(identity["arn"].endswith(f"assumed-role/{role}/{function}"))
        issuer = identity["sessionContext"]["sessionIssuer"]
        self.assertEqual(issuer["arn"], f"arn:aws:iam::123456789012:role/service-role/{role}")
        self.assertTrue(identity["principalId"].startswith(issuer["principalId"] + ":"))

    def test_create_function_hides_code_and_environment(self) -> None:
        account = lab()
        name = account.function(account.role(), Environment={"Variables": {"SECRET": "x"}}, Publish=True)
        record = account.events("CreateFunction20150331")[-1]
        self.assertEqual(record["requestParameters"]["functionName"], name)
        self.assertEqual(record["requestParameters"]["code"], {})
        self.assertEqual(record["requestParameters"]["environment"], {})
        self.assertIs(record["requestParameters"]["publish"], True)
        self.assertEqual(record["responseElements"]["state"], "Pending")
        self.assertNotIn("SECRET", json.dumps(record))

    def test_policy_versions_have_typed_parameters(self) -> None:
        account = lab()
        arn = account.policy(ONLY_LOGS)
        account.client("iam").create_policy_version(PolicyArn=arn, PolicyDocument=EVERYTHING, SetAsDefault=True)
        record = account.events("CreatePolicyVersion")[-1]
        self.assertIs(record["requestParameters"]["setAsDefault"], True)
        self.assertEqual(record["responseElements"]["policyVersion"]["versionId"], "v2")
        self.assertIs(record["responseElements"]["policyVersion"]["isDefaultVersion"], True)

    def test_secrets_are_not_recorded(self) -> None:
        account = lab()
        account.user(EVERYTHING)
        self.assertNotIn("secretAccessKey", account.events("CreateAccessKey")[-1]["responseElements"]["accessKey"])

    def test_errors_keep_parameters_and_denials_do_not(self) -> None:
        account = lab()
        (iam,) = account.user(ONLY_LOGS, "iam")
        with self.assertRaises(account.client("iam").exceptions.NoSuchEntityException):
            account.client("iam").delete_role(RoleName="never-was")
        missing = account.events("DeleteRole")[-1]
        self.assertEqual(missing["errorCode"], "NoSuchEntityException")
        self.assertEqual(missing["requestParameters"], {"roleName": "never-was"})
        with self.assertRaises(iam.exceptions.ClientError):
            iam.delete_role(RoleName="never-was")
        denied = account.events("DeleteRole")[-1]
        self.assertEqual(denied["errorCode"], "AccessDenied")
        self.assertIsNone(denied["requestParameters"])
        self.assertIsNone(denied["responseElements"])
        self.assertIn("is not authorized to perform: iam:DeleteRole", denied["errorMessage"])

    def test_failed_calls_do_not_pass_the_filter_on_error_codes(self) -> None:
        account = lab()
        watcher = account.function(account.role())
        account.rule(watcher, {"detail": {"eventName": ["DeleteRole"], "errorCode": [{"exists": False}]}})
        with self.assertRaises(account.client("iam").exceptions.ClientError):
            account.client("iam").delete_role(RoleName="never-was")
        account.settle()
        self.assertEqual(account.invocations(watcher), [])

    def test_reads_assume_role_and_data_events_are_not_told(self) -> None:
        account = lab()
        before = len(account.admin("GET", "events"))
        account.client("iam").list_roles()
        account.client("sts").get_caller_identity()
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            account.user(ONLY_LOGS, "dynamodb")[0].get_item(TableName="t", Key={"pk": {"S": "x"}})
        names = [event["Detail"]["eventName"] for event in account.admin("GET", "events")[before:]]
        self.assertEqual(names, ["CreateUser", "PutUserPolicy", "CreateAccessKey"])

    def test_denials_of_other_services_are_told(self) -> None:
        account = lab()
        (kms,) = account.user(ONLY_LOGS, "kms")
        with self.assertRaises(kms.exceptions.ClientError):
            kms.create_key()
        self.assertEqual(account.events("CreateKey")[-1]["errorCode"], "AccessDenied")


class Delivery(unittest.TestCase):
    """The knobs."""

    def _watcher(self, operation: str) -> str:
        account = lab()
        watcher = account.function(account.role())
        account.rule(watcher, {"source": ["aws.iam"], "detail": {"eventName": [operation]}})
        return watcher

    def test_duplicates_share_the_event_id(self) -> None:
        account, watcher = lab(), self._watcher("CreateGroup")
        with account.knobs(duplicate=2):
            account.client("iam").create_group(GroupName=unique("group"))
            account.settle()
        ids = [invocation["event_id"] for invocation in account.invocations(watcher)]
        self.assertEqual((len(ids), len(set(ids))), (3, 1))

    def test_a_pause_holds_events_until_it_ends(self) -> None:
        account, watcher = lab(), self._watcher("CreateGroup")
        with account.knobs(paused=True):
            account.client("iam").create_group(GroupName=unique("group"))
            self.assertEqual(account.admin("GET", "idle")["pending_events"], 1)
            self.assertEqual(account.invocations(watcher), [])
        account.settle()
        self.assertEqual(len(account.invocations(watcher)), 1)

    def test_a_delay_delays(self) -> None:
        account, watcher = lab(), self._watcher("CreateGroup")
        with account.knobs(delay_ms=300):
            account.client("iam").create_group(GroupName=unique("group"))
            self.assertEqual(account.invocations(watcher), [])
            account.settle()
        self.assertEqual(len(account.invocations(watcher)), 1)

    def test_shuffling_changes_the_order_and_loses_nothing(self) -> None:
        account = lab()
        before = len(account.admin("GET", "events"))
        names = [unique(f"group-{number}") for number in range(8)]
        with account.knobs(shuffle=8, seed=1):
            for name in names:
                account.client("iam").create_group(GroupName=name)
            account.settle()
        told = [event["Detail"]["requestParameters"]["groupName"] for event in account.admin("GET", "events")[before:]]
        self.assertNotEqual(told, names)
        self.assertEqual(sorted(told), sorted(names))

    def test_rules_get_reads_only_where_they_ask_for_them(self) -> None:
        account = lab()
        plain, all_events = (account.function(account.role()) for _ in range(2))
        pattern = {"source": ["aws.iam"], "detail": {"eventName": ["ListRoles", "CreateGroup"]}}
        account.rule(plain, pattern)
        account.rule(all_events, pattern, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
        (iam,) = account.user(ONLY_LOGS, "iam")
        with self.assertRaises(iam.exceptions.ClientError):
            iam.list_roles()
        account.client("iam").create_group(GroupName=unique("group"))
        account.settle()
        self.assertEqual((len(account.invocations(plain)), len(account.invocations(all_events))), (1, 2))

    def test_bare_ministack_does_not_fire_that_state(self) -> None:
        account = bare()
        url, arn = account.queue()
        events = account.client("events")
        events.put_rule(
            Name="reads", EventPattern=json.dumps({"source": ["ours"]}),
            State="ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
        )
        events.put_targets(Rule="reads", Targets=[{"Id": "1", "Arn": arn}])
        events.put_events(Entries=[{"Source": "ours", "DetailType": "x", "Detail": "{}"}])
        self.assertNotIn("Messages", account.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1))
