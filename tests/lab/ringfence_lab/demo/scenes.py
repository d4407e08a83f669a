"""The scenes, in the order in which they are told. Each does something, looks, and says what it saw."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from ..server_process import ACCOUNT, REGION
from . import operator_scenes
from .cast import Administrator, Done
from .observer import Observer
from .orders_api import deployment_package
from .screen import Screen, Style, milliseconds
from .stage import OPERATOR
from .story import ABOUT_WIDTH, NAME_WIDTH, OPERATION_WIDTH, SERIOUS, Story

# AWS gives no bound for the way of an event; it is typically seconds.
EVENT_DELAY_MS = 1500
_ROLE, _FUNCTION, _BUCKET, _INTRUDER = "orders-api-role", "orders-api", "orders", "backdoor"
_BILLING_ROLE, _BILLING_BOUNDARY = "billing-role", "billing-boundary"
# What Bob's team lets its roles do at most.
_BILLING_DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{
        "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
        # With `*` it would not be within Ringfence's, which denies writing the ledger.
        "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/billing",
    }],
}
_TELLING_PARAMETERS = ("roleName", "policyArn", "functionName", "role")
# The headline, and the case in short.
_BEGINNING_PARAGRAPHS = 2


def set_the_scene(screen: Screen, url: str, environment: dict[str, str]) -> Story:
    """Hire the people, subscribe the security team, and make CloudTrail as slow as it is."""
    root, observer = Administrator(url, environment), Observer(url)
    outputs = root.stack_outputs()
    root.subscribe_to_findings(outputs["FindingsTopicArn"])
    root.call("s3", "CreateBucket", Bucket=_BUCKET)
    deploying = ["iam:CreateRole", "iam:AttachRolePolicy", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]
    alice = root.hire("alice", deploying, ("iam", "lambda"))
    bob = root.hire("bob", ["iam:CreatePolicy", "iam:CreateRole", "iam:AttachRolePolicy"], ("iam",))
    mallory = root.hire("mallory", ["iam:DeleteRolePermissionsBoundary"], ("iam",))
    operating = ["dynamodb:PutItem", "dynamodb:DeleteItem", "lambda:InvokeFunction"]
    olivia = root.hire(OPERATOR, operating, ("dynamodb", "lambda"))
    observer.wait_until_idle()
    root.new_findings()
    story = Story(
        screen, url, observer, root, alice, bob, mallory, olivia, outputs["BoundaryPolicyArn"], outputs["LedgerTableName"]
    )
    story.mails_read = len(observer.mailbox())
    observer.hold_events_back(EVENT_DELAY_MS)
    return story


def tell(story: Story) -> None:
    """All of it. Raises NotAsTold where something is otherwise."""
    since = story.observer.mark()
    calls = _a_team_deploys(story)
    finding, write = _the_event_arrives(story, calls, since)
    _the_role_is_bounded(story, calls, finding, write)
    _the_security_team_reads(story, finding)
    _the_function_runs(story)
    restored, mail = _somebody_removes_the_boundary(story)
    _a_team_has_its_own(story)
    operator_scenes.undo(story, 8, restored, mail)
    operator_scenes.kill_switch(story, 9)
    _closing(story)


def _a_team_deploys(story: Story) -> dict[str, Done]:
    story.screen.heading(1, "A team deploys orders-api")
    story.screen.say("Alice is in a hurry. Her function gets a role with AdministratorAccess, just for now.")
    story.screen.blank()
    role, attach = story.create_administrator(story.alice, _ROLE)
    function = story.act(
        story.alice, "lambda", "CreateFunction", f"{_FUNCTION}, with that role",
        FunctionName=_FUNCTION, Runtime="provided.al2023", Handler="bootstrap", Role=role.answer["Role"]["Arn"],
        Code={"ZipFile": deployment_package()}, Timeout=30,
    )
    boundary = story.root.boundary_of(_ROLE)
    story.expect(boundary is None, "a role without a boundary before any event arrives", boundary)
    return {done.operation: done for done in (role, attach, function)}


def _the_event_arrives(story: Story, calls: dict[str, Done], since: int) -> tuple[dict[str, Any], dict[str, Any]]:
    story.screen.heading(2, "The event arrives")
    story.screen.say(
        f"CloudTrail records each call and EventBridge passes it on. Here that takes {milliseconds(EVENT_DELAY_MS)}, "
        "because the lab waits that long; on AWS it is typically seconds."
    )
    write = story.await_sight(f"a boundary on {_ROLE}", lambda: story.observer.boundary_write(_ROLE, since))
    finding = story.take_finding("bounded", story.alice)
    story.expect(finding["severity"] == "CRITICAL", "a finding of severity CRITICAL", finding["severity"])
    trigger = finding["trigger"]
    story.expect(trigger["event"] in calls, f"a finding about {', '.join(calls)}", trigger["event"])
    event = story.await_sight("the event that the finding names", lambda: story.observer.event(trigger["event_id"]))
    parameters = event["requestParameters"]
    shown = {
        "eventName": event["eventName"],
        "userIdentity": {name: event["userIdentity"][name] for name in ("type", "arn")},
        "requestParameters": {name: parameters[name] for name in _TELLING_PARAMETERS if name in parameters},
        "eventID": event["eventID"],
    }
    story.screen.box("AWS API Call via CloudTrail (the part that matters)", json.dumps(shown, indent=2), Style.QUIET)
    return finding, write


def _the_role_is_bounded(story: Story, calls: dict[str, Done], finding: dict[str, Any], write: dict[str, Any]) -> None:
    story.screen.heading(3, "The role is bounded")
    story.screen.say(
        "Ringfence does not believe the event: it reads the role afresh, notes in its ledger what it is about to do, "
        "and puts a permissions boundary on the role."
    )
    story.screen.blank()
    _timeline(story, calls[finding["trigger"]["event"]], finding, write, "the boundary is on the role", "; before that, its process started (cold)")
    boundary = story.root.boundary_of(_ROLE)
    story.expect(boundary == story.boundary, f"the boundary {story.boundary}", boundary or "no boundary")
    story.screen.say(f"    GetRole  {boundary}")


def _timeline(
    story: Story, call: Done, finding: dict[str, Any], write: dict[str, Any], last: str, remark: str
) -> None:
    invocation = story.await_sight(
        "an invocation for the finding's event", lambda: story.observer.invocation_for(finding["trigger"]["event_id"])
    )
    arrival, contained = invocation["started_ms"] - call.returned_ms, write["ended_ms"] - call.returned_ms
    story.expect(0 <= arrival <= contained, "the event after the call and the boundary after the event", (arrival, contained))
    for moment, what, how_soon in (
        (0.0, f"{call.operation} has returned", ""),
        (arrival, f"the event is at {invocation['function']}", ""),
        (contained, last, f"{milliseconds(contained - arrival)} after the event"),
    ):
        story.screen.row([(f"{milliseconds(moment):>11}", 12), (what, 44)], how_soon, Style.GOOD)
    own = story.observer.milliseconds_of_its_own(invocation["function"], finding["trigger"]["event_id"])
    if own is not None and own <= contained - arrival:
        story.screen.say(f"{milliseconds(own):>11}  of that is Ringfence itself, by its own log{remark}", Style.QUIET)


def _the_security_team_reads(story: Story, finding: dict[str, Any]) -> None:
    (mail,) = story.take_mails(finding)
    story.screen.heading(4, "The security team reads")
    story.screen.say("Three calls, three events, one finding. This is the e-mail, to the letter:")
    story.screen.box(f"To {mail['to']}", f"Subject: {mail['subject']}\n\n{mail['body'].rstrip()}")


def _the_function_runs(story: Story) -> None:
    story.screen.heading(5, "The function runs, and is no administrator any more")
    story.screen.say("Alice invokes it. It stores an order, as it should, and then tries to make itself an IAM user.")
    story.screen.blank()
    event = {"order": 1001, "bucket": _BUCKET, "user": _INTRUDER}
    invoked = story.act(story.alice, "lambda", "Invoke", _FUNCTION, FunctionName=_FUNCTION, Payload=json.dumps(event))
    answer = json.load(invoked.answer["Payload"])
    story.expect("FunctionError" not in invoked.answer, "an invocation without an error", answer)
    stored, refused = answer["s3:PutObject"], answer["iam:CreateUser"]
    _function_call(story, "s3:PutObject", f"s3://{_BUCKET}/1001.json", stored)
    _function_call(story, "iam:CreateUser", _INTRUDER, refused)
    story.expect(stored["status"] == 200, "s3:PutObject to succeed", stored)
    story.expect(refused["error"] == "AccessDenied", "iam:CreateUser to get AccessDenied", refused)
    story.expect("permissions boundary" in refused["message"], "the boundary as the reason", refused["message"])
    body = story.root.call("s3", "GetObject", Bucket=_BUCKET, Key="1001.json").answer["Body"].read()
    story.expect(json.loads(body) == {"order": 1001}, "the order in the bucket", body)
    story.expect(not story.root.has_user(_INTRUDER), f"no user {_INTRUDER}", "the user is there")


def _function_call(story: Story, operation: str, about: str, answer: dict[str, Any]) -> None:
    cells = [(_FUNCTION, NAME_WIDTH), (operation, OPERATION_WIDTH), (about, ABOUT_WIDTH)]
    if answer["error"] is None:
        story.screen.row(cells, f"{answer['status']} OK", Style.GOOD)
        return
    story.screen.row(cells, f"{answer['status']} {answer['error']}", Style.BAD)
    story.screen.say(answer["message"], Style.QUIET)


def _somebody_removes_the_boundary(story: Story) -> tuple[dict[str, Any], dict[str, Any]]:
    story.screen.heading(6, "Somebody takes the boundary off")
    story.screen.say("Mallory has found out what is in the way.")
    story.screen.blank()
    since = story.observer.mark()
    call = story.act(story.mallory, "iam", "DeleteRolePermissionsBoundary", _ROLE, RoleName=_ROLE)
    boundary = story.root.boundary_of(_ROLE)
    story.expect(boundary is None, "a role without a boundary before the event arrives", boundary)
    write = story.await_sight("the boundary put back", lambda: story.observer.boundary_write(_ROLE, since))
    finding = story.take_finding("restored", story.mallory)
    _timeline(story, call, finding, write, "the boundary is back", "")
    story.expect(story.root.boundary_of(_ROLE) == story.boundary, f"the boundary {story.boundary}", "another or none")
    story.expect(finding["severity"] in SERIOUS, "a finding of severity HIGH or CRITICAL", finding["severity"])
    (mail,) = story.take_mails(finding)
    story.screen.blank()
    story.screen.say("The security team reads about it at once. The beginning of the e-mail:")
    beginning = "\n\n".join(mail["body"].split("\n\n")[:_BEGINNING_PARAGRAPHS])
    story.screen.box(f"To {mail['to']}", f"Subject: {mail['subject']}\n\n{beginning}")
    return finding, mail


def _a_team_has_its_own(story: Story) -> None:
    story.screen.heading(7, "A team has a boundary of its own")
    story.screen.say(
        "Bob's team caps its roles itself. What its boundary allows, Ringfence's allows too, and a good deal more. "
        "So AdministratorAccess gives the role no more than that."
    )
    story.screen.blank()
    since = story.observer.mark()
    policy = story.act(
        story.bob, "iam", "CreatePolicy", _BILLING_BOUNDARY,
        PolicyName=_BILLING_BOUNDARY, PolicyDocument=json.dumps(_BILLING_DOCUMENT),
    )
    theirs = policy.answer["Policy"]["Arn"]
    story.create_administrator(story.bob, _BILLING_ROLE, PermissionsBoundary=theirs)
    finding = story.take_finding("kept", story.bob)
    story.expect_boundary(_BILLING_ROLE, theirs)
    writes = story.iam_writes(since)
    story.expect(not writes, "no write to IAM", writes)
    story.take_mails(finding)
    story.screen.say(f"    GetRole  {theirs}")
    story.screen.blank()
    story.screen.say(f"Ringfence has compared the two documents, and keeps Bob's. The finding, {finding['severity']}:")
    story.screen.box(f"{finding['outcome']}: {_BILLING_ROLE}", finding["summary"])


def _closing(story: Story) -> None:
    writes = story.iam_writes(0)
    put, deleted = "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"
    story.expect(
        writes == [put, put, deleted, put], "three boundaries put, one of them taken back, and no other write to IAM", writes
    )
    story.screen.heading(10, "What it came to")
    calls = sum(entry["kind"] == "call" for entry in story.observer.journal())
    severities = Counter(str(finding["severity"]) for finding in story.findings)
    findings = ", ".join(f"{count} {severity}" for severity, count in severities.most_common())
    came_to = f"{len(writes)} times: {writes.count(put)} boundaries put, 1 taken off where Olivia asked, nothing else"
    for name, value in (
        ("Ringfence wrote to IAM", came_to),
        ("Findings", f"{len(story.findings)}: {findings}"),
        ("E-mails", _mails(story)),
        ("AWS was contacted", f"never: all {calls} API calls, deployment included, went to {story.url}"),
    ):
        story.screen.row([(name, 24), (value, 0)])
    story.screen.heading(11, "Your turn")
    for command, purpose in (
        ("make lab", "the same account, up until Ctrl-C, for your own calls"),
        ("make test", "everything that is tested"),
        ("sam build && sam deploy", "for real, into your account: see README.md, start with Mode=observe if in doubt"),
    ):
        story.screen.row([(command, 24), (purpose, 0)])


def _mails(story: Story) -> str:
    again = story.mails_repeated
    return f"{story.mails_read}" + (f", {again} of them about a finding that was sent twice, with one id" if again else "")
