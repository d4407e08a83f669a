"""Patches of IAM: condition keys, reasons of denials, policies, versions, dates, authorization details."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from ringfence_lab import managed_policies
from ringfence_lab.server_process import LabServer

from .accounts import EVERYTHING, LAMBDA_TRUST, ONLY_LOGS, Account, bare, lab, unique


def _conditional(boundary: str) -> str:
    return json.dumps({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Action": ["iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"],
            "Resource": "*", "Condition": {"StringEquals": {"iam:PermissionsBoundary": boundary}},
        }],
    })


class BoundaryEnforced(unittest.TestCase):
    """What is MiniStack's own and everything rests on."""

    def test_a_boundary_on_a_live_role_makes_its_next_call_fail(self) -> None:
        account = lab()
        role = account.role()
        function, boundary = account.function(role), account.policy(ONLY_LOGS)
        call: tuple[str, str, dict[str, Any]] = ("iam", "list_users", {})
        self.assertEqual(account.invoke(function, call), ["done"])
        account.client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
        self.assertIn("AccessDenied", account.invoke(function, call)[0])


class ConditionKeys(unittest.TestCase):
    """Gap 15: `iam:PermissionsBoundary` and `iam:PolicyARN`."""

    def _put(self, account: Account) -> None:
        ours = account.policy(ONLY_LOGS)
        (iam,) = account.user(_conditional(ours), "iam")
        iam.put_role_permissions_boundary(RoleName=account.role(), PermissionsBoundary=ours)

    def test_gap_a_conditional_grant_never_matches(self) -> None:
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            self._put(bare())

    def test_the_grant_matches_the_boundary_that_is_set(self) -> None:
        self._put(lab())

    def test_it_does_not_match_another_boundary(self) -> None:
        account = lab()
        (iam,) = account.user(_conditional(account.policy(ONLY_LOGS)), "iam")
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            iam.put_role_permissions_boundary(
                RoleName=account.role(), PermissionsBoundary=account.policy(ONLY_LOGS)
            )

    def test_for_other_writes_the_key_is_the_boundary_the_role_has(self) -> None:
        account = lab()
        ours, theirs = account.policy(ONLY_LOGS), account.policy(ONLY_LOGS)
        (iam,) = account.user(_conditional(ours), "iam")
        with_ours, with_theirs = account.role(), account.role()
        for role, boundary in ((with_ours, ours), (with_theirs, theirs)):
            account.client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
        iam.delete_role_permissions_boundary(RoleName=with_ours)
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            iam.delete_role_permissions_boundary(RoleName=with_theirs)

    def test_policy_arn_of_an_attachment(self) -> None:
        account = lab()
        allowed = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
        (iam,) = account.user(json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": "iam:AttachRolePolicy", "Resource": "*",
                "Condition": {"ArnEquals": {"iam:PolicyARN": allowed}},
            }],
        }), "iam")
        role = account.role()
        iam.attach_role_policy(RoleName=role, PolicyArn=allowed)
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


class CallResources(unittest.TestCase):
    """What a call is checked for: the resources of rules, subscriptions, stacks and event source mappings."""

    def _denied(self, account: Account, service: str, operation: str, parameters: dict[str, Any], deny: Any) -> None:
        denial = {"Effect": "Deny", "Action": "*", "Resource": "*", **deny}
        (client,) = account.user(json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}, denial],
        }), service)
        getattr(client, operation)(**parameters)

    def _cases(self, account: Account) -> list[tuple[str, str, dict[str, Any], Any]]:
        function, (_, queue), rule = account.function(account.role()), account.queue(), unique("rule")
        create = account.client("lambda").create_event_source_mapping
        mapping = create(FunctionName=function, EventSourceArn=queue)["UUID"]
        of_function = {"ArnLike": {"lambda:FunctionArn": f"arn:aws:lambda:*:*:function:{function}"}}
        sns = account.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, ReturnSubscriptionArn=True)
        resources = {"T": {"Type": "AWS::SNS::Topic", "Properties": {}}}
        stack = account.stack(resources)
        (described,) = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        account.client("events").put_rule(Name=rule, EventPattern='{"source": ["x"]}')
        return [
            ("lambda", "delete_event_source_mapping", {"UUID": mapping}, {"Condition": of_function}),
            ("lambda", "get_function_concurrency", {"FunctionName": function}, {"Action": "lambda:GetFunctionConcurrency"}),
            ("events", "disable_rule", {"Name": rule}, {"Resource": f"arn:aws:events:*:*:rule/{rule}"}),
            ("events", "remove_targets", {"Rule": rule, "Ids": ["1"]}, {"Resource": f"arn:aws:events:*:*:rule/{rule}"}),
            ("sns", "unsubscribe", {"SubscriptionArn": subscription["SubscriptionArn"]}, {"Resource": topic}),
            ("cloudformation", "delete_stack", {"StackName": stack}, {"Resource": described["StackId"]}),
        ]

    def test_gap_denials_by_them_do_not_match(self) -> None:
        account = bare()
        for case in self._cases(account):
            with self.subTest(case[1]):
                self._denied(account, *case)

    def test_denials_by_them_match(self) -> None:
        account = lab()
        for case in self._cases(account):
            with self.subTest(case[1]), self.assertRaisesRegex(ClientError, "AccessDenied|AuthorizationError"):
                self._denied(account, *case)


class PrincipalArn(unittest.TestCase):
    """`aws:PrincipalArn` of a session is the ARN of its role."""

    def _call(self, account: Account) -> str:
        role = account.role()
        account.client("iam").put_role_policy(RoleName=role, PolicyName="by-name", PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*", "Condition": {
                    "ArnNotEquals": {"aws:PrincipalArn": account.client("iam").get_role(RoleName=role)["Role"]["Arn"]},
                },
            }],
        }))
        return account.invoke(account.function(role), ("iam", "list_users", {}))[0]

    def test_gap_it_is_that_of_the_session(self) -> None:
        self.assertIn("AccessDenied", self._call(bare()))

    def test_it_is_that_of_the_role(self) -> None:
        self.assertEqual(self._call(lab()), "done")


class Denials(unittest.TestCase):
    """Gap 7b: the reason of a denial."""

    def _message(self, account: Account, boundary_document: str, call: tuple[str, str, dict[str, Any]]) -> str:
        role = account.role()
        account.client("iam").put_role_permissions_boundary(
            RoleName=role, PermissionsBoundary=account.policy(boundary_document)
        )
        return account.invoke(account.function(role), call)[0]

    def test_gap_the_identity_policy_is_blamed(self) -> None:
        message = self._message(bare(), ONLY_LOGS, ("iam", "list_users", {}))
        self.assertIn("no identity-based policy allows", message)

    def test_implicit_deny_of_a_boundary(self) -> None:
        message = self._message(lab(), ONLY_LOGS, ("iam", "list_users", {}))
        self.assertIn("because no permissions boundary allows the iam:ListUsers action", message)
        self.assertIn("because no permissions boundary allows", lab().events("ListUsers")[-1]["errorMessage"])

    def test_explicit_deny_in_a_boundary(self) -> None:
        document = json.loads(EVERYTHING)
        document["Statement"].append({"Effect": "Deny", "Action": "kms:*", "Resource": "*"})
        message = self._message(lab(), json.dumps(document), ("kms", "create_key", {}))
        self.assertIn("with an explicit deny in a permissions boundary", message)

    def test_identity_policies_are_still_blamed_where_they_decided(self) -> None:
        account = lab()
        (iam,) = account.user(ONLY_LOGS, "iam")
        with self.assertRaisesRegex(ClientError, "no identity-based policy allows"):
            iam.list_users()


class ManagedPolicies(unittest.TestCase):
    """Gap 8: AWS managed policies that MiniStack does not have."""

    def test_gap_missing(self) -> None:
        iam = bare().client("iam")
        for name in managed_policies.ACTIONS:
            with self.subTest(name), self.assertRaises(iam.exceptions.NoSuchEntityException):
                iam.get_policy(PolicyArn=f"arn:aws:iam::aws:policy/{name}")

    def test_present(self) -> None:
        iam = lab().client("iam")
        for name, actions in managed_policies.ACTIONS.items():
            with self.subTest(name):
                arn = f"arn:aws:iam::aws:policy/{name}"
                version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
                document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
                self.assertEqual(document["Statement"][0]["Action"], actions)


class PolicyVersions(unittest.TestCase):
    """Gap 17: SetDefaultPolicyVersion."""

    def _set_default(self, account: Account) -> dict[str, Any]:
        iam, arn = account.client("iam"), account.policy(ONLY_LOGS)
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=EVERYTHING, SetAsDefault=True)
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        return dict(iam.get_policy(PolicyArn=arn)["Policy"])

    def test_gap_missing(self) -> None:
        with self.assertRaisesRegex(ClientError, "InvalidAction"):
            self._set_default(bare())

    def test_works_and_is_told(self) -> None:
        policy = self._set_default(lab())
        self.assertEqual(policy["DefaultVersionId"], "v1")
        self.assertEqual(
            lab().events("SetDefaultPolicyVersion")[-1]["requestParameters"],
            {"policyArn": policy["Arn"], "versionId": "v1"},
        )

    def test_refuses_a_version_that_is_not_there(self) -> None:
        iam = lab().client("iam")
        with self.assertRaises(iam.exceptions.NoSuchEntityException):
            iam.set_default_policy_version(PolicyArn=lab().policy(ONLY_LOGS), VersionId="v7")


class RoleDates(unittest.TestCase):
    """Gap 20: RoleLastUsed."""

    def test_gap_get_role_lacks_it(self) -> None:
        account = bare()
        self.assertNotIn("RoleLastUsed", account.client("iam").get_role(RoleName=account.role())["Role"])

    def test_a_role_can_be_made_old(self) -> None:
        account = lab()
        name = account.role()
        self.assertEqual(account.client("iam").get_role(RoleName=name)["Role"]["RoleLastUsed"], {})
        account.admin("POST", f"roles/{name}", {"created": "2020-01-02T03:04:05Z", "last_used": "2026-01-02T03:04:05Z"})
        role = account.client("iam").get_role(RoleName=name)["Role"]
        self.assertEqual((role["CreateDate"].year, role["RoleLastUsed"]["LastUsedDate"].year), (2020, 2026))
        account.admin("POST", f"roles/{name}", {"last_used": None})
        role = account.client("iam").get_role(RoleName=name)["Role"]
        self.assertEqual((role["CreateDate"].year, role["RoleLastUsed"]), (2020, {}))


class StaleReads(unittest.TestCase):
    """Writes are visible at once; where a test arms it, functions read for a while what was before."""

    def _read(self, account: Account, function: str, role: str) -> str:
        return account.invoke(function, ("iam", "get_role", {"RoleName": role}))[0]

    def _armed(self, what: str) -> tuple[Account, str]:
        account = lab()
        function = account.function(account.role())
        account.invoke(function)
        account.admin("POST", "faults", {"kind": "stale", "what": what, "seconds": 1.5})
        self.addCleanup(account.admin, "DELETE", "faults")
        return account, function

    def test_a_new_role_is_not_found(self) -> None:
        account, function = self._armed("role")
        role = account.role()
        self.assertIn("NoSuchEntity", self._read(account, function, role))
        account.client("iam").get_role(RoleName=role)  # By a person it is.
        time.sleep(1.5)
        self.assertEqual(self._read(account, function, role), "done")
        self.assertEqual([fault["fired"] for fault in account.admin("GET", "faults")], [1])

    def test_a_boundary_does_not_show_and_then_does_not_go(self) -> None:
        account, function = self._armed("boundary")
        role, boundary = account.role(), account.policy(ONLY_LOGS)
        account.client("iam").put_role_permissions_boundary(RoleName=role, PermissionsBoundary=boundary)
        self.assertEqual(self._read(account, function, role), "done")
        time.sleep(1.5)
        self.assertEqual(self._read(account, function, role), boundary)
        account.client("iam").delete_role_permissions_boundary(RoleName=role)
        self.assertEqual(self._read(account, function, role), boundary)
        time.sleep(1.5)
        self.assertEqual(self._read(account, function, role), "done")


class LastAccessed(unittest.TestCase):
    """Gap 21: the report on when a role last used what."""

    def _report(self, account: Account, role: str) -> dict[str, Any]:
        iam = account.client("iam")
        job = iam.generate_service_last_accessed_details(
            Arn=iam.get_role(RoleName=role)["Role"]["Arn"], Granularity="ACTION_LEVEL"
        )["JobId"]
        return dict(iam.get_service_last_accessed_details(JobId=job))

    def test_gap_it_is_empty(self) -> None:
        account = bare()
        (iam,) = account.user(EVERYTHING, "iam")
        iam.list_users()
        report = self._report(account, account.role())
        self.assertEqual((report["JobStatus"], report["ServicesLastAccessed"]), ("COMPLETED", []))

    def test_it_tells_what_was_set(self) -> None:
        account, name = lab(), lab().role(path="/team/")
        account.admin("POST", f"roles/{name}", {"used": [
            {"service": "iam", "action": "CreateUser", "last": "2026-11-01T02:03:04Z"},
            {"service": "iam", "last": "2026-11-02T02:03:04Z"},
        ]})
        (service,) = self._report(account, name)["ServicesLastAccessed"]
        self.assertEqual((service["ServiceNamespace"], service["LastAuthenticated"].day), ("iam", 2))
        (action,) = service["TrackedActionsLastAccessed"]
        self.assertEqual((action["ActionName"], action["LastAccessedTime"].day), ("CreateUser", 1))
        self.assertEqual(self._report(account, account.role())["ServicesLastAccessed"], [])

    def test_what_was_never_tried_has_no_date(self) -> None:
        account, name = lab(), lab().role()
        account.admin("POST", f"roles/{name}", {"used": [
            {"service": "ec2", "last": None}, {"service": "s3", "action": "CreateBucket", "last": None},
        ]})
        ec2, s3 = self._report(account, name)["ServicesLastAccessed"]
        self.assertEqual((ec2["TotalAuthenticatedEntities"], "LastAuthenticated" in ec2), (0, False))
        self.assertNotIn("LastAccessedTime", s3["TrackedActionsLastAccessed"][0])

    def _ask_as_whoever_may_for_one_role(self, account: Account, allowed: str, asked: str) -> None:
        def arn(role: str) -> str:
            return str(account.client("iam").get_role(RoleName=role)["Role"]["Arn"])

        (iam,) = account.user(json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "iam:GenerateServiceLastAccessedDetails", "Resource": arn(allowed),
        }]}), "iam")
        iam.generate_service_last_accessed_details(Arn=arn(asked), Granularity="ACTION_LEVEL")

    def test_gap_the_right_is_asked_for_on_everything(self) -> None:
        role = bare().role()
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            self._ask_as_whoever_may_for_one_role(bare(), role, role)

    def test_the_right_is_one_on_the_role(self) -> None:
        role, other = lab().role(), lab().role()
        self._ask_as_whoever_may_for_one_role(lab(), role, role)
        with self.assertRaisesRegex(ClientError, "AccessDenied"):
            self._ask_as_whoever_may_for_one_role(lab(), role, other)

    def test_it_may_never_be_finished(self) -> None:
        account, name = lab(), lab().role()
        account.admin("POST", f"roles/{name}", {"used": "unfinished"})
        self.assertEqual(self._report(account, name)["JobStatus"], "IN_PROGRESS")


class AuthorizationDetails(unittest.TestCase):
    """Gap 7a: the boundary in GetAccountAuthorizationDetails."""

    def _details(self, account: Account) -> dict[str, Any]:
        iam, role = account.client("iam"), account.role()
        profile = unique("profile")
        iam.create_instance_profile(InstanceProfileName=profile)
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=account.policy(ONLY_LOGS))
        roles = iam.get_account_authorization_details(Filter=["Role"], MaxItems=1000)["RoleDetailList"]
        return next(dict(detail) for detail in roles if detail["RoleName"] == role)

    def test_gap_missing(self) -> None:
        self.assertNotIn("PermissionsBoundary", self._details(bare()))

    def test_present(self) -> None:
        details = self._details(lab())
        self.assertEqual(details["PermissionsBoundary"]["PermissionsBoundaryType"], "PermissionsBoundaryPolicy")
        self.assertEqual(details["RoleLastUsed"], {})
        self.assertEqual(len(details["InstanceProfileList"]), 1)

    def _pages(self, account: Account) -> list[list[str]]:
        iam, names = account.client("iam"), {account.role() for _ in range(5)}
        pages = iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["Role"], PaginationConfig={"PageSize": 2}
        )
        found = [[detail["RoleName"] for detail in page["RoleDetailList"]] for page in pages]
        self.assertLessEqual(names, {name for page in found for name in page})
        return found

    def test_gap_everything_at_once(self) -> None:
        self.assertEqual(len(self._pages(bare())), 1)

    def test_pages(self) -> None:
        pages = self._pages(lab())
        self.assertGreater(len(pages), 2)
        self.assertTrue(all(len(page) <= 2 for page in pages))
        names = [name for page in pages for name in page]
        self.assertEqual(len(names), len(set(names)))

    def test_list_roles_leaves_it_out_as_on_aws(self) -> None:
        for role in lab().client("iam").list_roles()["Roles"]:
            self.assertNotIn("PermissionsBoundary", role)


class Descriptions(unittest.TestCase):
    """Descriptions with characters that mean something in XML."""

    TEXT = "A & B <c>"

    def _read(self, account: Account) -> list[str]:
        iam, name = account.client("iam"), unique("described")
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST, Description=self.TEXT)
        policy = iam.create_policy(PolicyName=name, PolicyDocument=EVERYTHING, Description=self.TEXT)["Policy"]
        return [iam.get_role(RoleName=name)["Role"]["Description"], policy["Description"]]

    def test_gap_they_cannot_be_read(self) -> None:
        # In an account of its own: nobody can list the roles of this one any more.
        with LabServer(0, verbose=False, application="ministack") as server, self.assertRaises(ResponseParserError):
            self._read(Account(server.url))

    def test_they_can_be_read(self) -> None:
        self.assertEqual(self._read(lab()), [self.TEXT, self.TEXT])


class SecureTransport(unittest.TestCase):
    """`aws:SecureTransport` over the lab's plain HTTP."""

    def _publish(self, account: Account) -> None:
        sns = account.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Deny", "Principal": "*", "Action": "sns:Publish", "Resource": topic,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }],
        }))
        (user,) = account.user(EVERYTHING, "sns")
        user.publish(TopicArn=topic, Message="x")

    def test_gap_refused(self) -> None:
        with self.assertRaisesRegex(ClientError, "AuthorizationError"):
            self._publish(bare())

    def test_counts_as_encrypted(self) -> None:
        self._publish(lab())


class Trust(unittest.TestCase):
    """Assumed roles of people."""

    def test_an_assumed_role_is_recorded_with_its_issuer(self) -> None:
        account = lab()
        trust = json.loads(LAMBDA_TRUST)
        trust["Statement"][0]["Principal"] = {"AWS": "arn:aws:iam::123456789012:root"}
        role = account.role(trust=json.dumps(trust), path="/people/")
        arn = account.client("iam").get_role(RoleName=role)["Role"]["Arn"]
        keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="alice")["Credentials"]
        iam = account.client("iam", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        group = unique("group")
        iam.create_group(GroupName=group)
        record = account.events("CreateGroup")[-1]
        self.assertEqual(record["requestParameters"], {"groupName": group})
        identity = record["userIdentity"]
        self.assertEqual(identity["sessionContext"]["sessionIssuer"]["arn"], arn)
        # The assuming itself counts as a read, and is told all the same.
        assumed = [r for r in account.events("AssumeRole") if r["requestParameters"]["roleArn"] == arn]
        self.assertEqual([record["readOnly"] for record in assumed], [True])
