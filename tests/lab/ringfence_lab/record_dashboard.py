"""`python -m ringfence_lab record-dashboard`: what Ringfence's dashboard is drawn from, `docs/dashboard-metrics.json`.

A lab with Ringfence in it lives through three minutes of ordinary work and of incidents, each a plain API call or a fault of
the lab. Kept is what CloudWatch would have got: the metric lines that the functions wrote (embedded metric format), their
invocations by the lab's journal, and the lengths of the queues, asked for four times a second. Times are seconds since the
start; nothing is scaled.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from .bench.account import ADMINISTRATOR, OURS, Account
from .deployment import Deployment
from .errors import LabError
from .server_process import ACCOUNT, REGION, LabServer

_PROJECT_ROOT = Path(__file__).resolve().parents[3]
RECORDING = _PROJECT_ROOT / "docs/dashboard-metrics.json"
_SECONDS = 180
_SAMPLE_SECONDS = 0.25
# What an event takes to arrive. The lab knows no delay of its own; AWS promises none.
_DELAY_MS, _LATE_MS = 2_000, 25_000
_BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/ringfence/ringfence-baseline-v1"
_QUEUES = ("ringfence-dead-letters", "ringfence-review")
_POLICIES: dict[str, dict[str, Any]] = {
    "orders": {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::orders/*"},
    "reports": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    "pipeline": {"Effect": "Allow", "Action": ["iam:PassRole", "lambda:CreateFunction"], "Resource": "*"},
    "billing": {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/b"},
}

Points = dict[tuple[str, str, tuple[tuple[str, str], ...]], list[tuple[float, float]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("--output", type=Path, default=RECORDING, help="default: docs/dashboard-metrics.json")


def record(deployment: Deployment, output: Path, verbose: bool) -> None:
    """Deploy what was built, play the scenes, write the recording."""
    with LabServer(0, verbose) as server:
        deployment.deploy(server.client_environment())
        recording = _play(_Town(server), server.url)
    output.write_text(_compact(recording), "utf-8")


class _Town:
    """The account, and everything that happens in it, one method an incident."""

    def __init__(self, server: LabServer) -> None:
        self.account = Account(server.url)
        self._environment = {**os.environ, **server.client_environment()}
        self._url = server.url
        self._ledger = boto3.client(
            "dynamodb", endpoint_url=server.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        self._outputs = self.account.outputs("ringfence")
        self._deployed = 0

    def deploy(self, policy: str = "", name: str = "", **more: str) -> str:
        """A team's deployment: a role with a policy and a function that has it. Returns the role's name."""
        self._deployed += 1
        policy = policy or list(_POLICIES)[self._deployed % len(_POLICIES)]
        role = name or f"{policy}-{self._deployed}"
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        created = self.account.iam.create_role(RoleName=role, AssumeRolePolicyDocument=_document(trust), **more)
        if policy == "administrator":
            self.account.iam.attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
        else:
            self.account.iam.put_role_policy(RoleName=role, PolicyName="job", PolicyDocument=_document(_POLICIES[policy]))
        self.account.create_function(role, created["Role"]["Arn"])
        return role

    def take_boundary_away(self, role: str) -> None:
        self.account.iam.delete_role_permissions_boundary(RoleName=role)

    def deploy_with_own_boundary(self) -> None:
        policy = self.account.iam.create_policy(
            PolicyName="team-boundary",
            PolicyDocument=_document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::team/*"}),
        )
        self.deploy("reports", "team-reports", PermissionsBoundary=policy["Policy"]["Arn"])

    def exempt(self, roles: str) -> None:
        until = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self._put(pk="exemption", sk=roles, owner="orders team", reason="moves to its own account", expires_at=until)

    def open_to_the_internet(self, function: str) -> None:
        self.account.functions.add_permission(
            FunctionName=function, StatementId="public", Action="lambda:InvokeFunctionUrl", Principal="*",
            FunctionUrlAuthType="NONE",
        )
        self.account.functions.create_function_url_config(FunctionName=function, AuthType="NONE")

    def close_again(self, function: str) -> None:
        self.account.functions.update_function_url_config(FunctionName=function, AuthType="AWS_IAM")

    def deploy_an_import(self) -> None:
        """A function whose role makes users, which no boundary of Ringfence allows. The recording calls in its place."""
        principal = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        created = self.account.iam.create_role(RoleName="import", AssumeRolePolicyDocument=_document(trust))
        makes_users = {"Effect": "Allow", "Action": "iam:CreateUser", "Resource": f"arn:aws:iam::{ACCOUNT}:user/import-*"}
        self.account.iam.put_role_policy(RoleName="import", PolicyName="job", PolicyDocument=_document(makes_users))
        self.account.create_function("import", created["Role"]["Arn"])

    def make_users(self, how_many: int) -> None:
        """Each is refused."""
        sts = boto3.client(
            "sts", endpoint_url=self._url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        )
        keys = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/import", RoleSessionName="import")["Credentials"]
        iam = boto3.client(
            "iam", endpoint_url=self._url, region_name=REGION, aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["SessionToken"],
        )
        for number in range(how_many):
            try:
                iam.create_user(UserName=f"import-{number}")
            except iam.exceptions.ClientError:
                continue
            raise LabError("the boundary lets `iam:CreateUser` through, so there is no denial to record")

    def edit_the_boundary(self) -> None:
        everything = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
        self.account.iam.create_policy_version(PolicyArn=_BOUNDARY, PolicyDocument=everything, SetAsDefault=True)

    def undo(self, role: str) -> None:
        """As the undo line of the role's last finding."""
        history = self._ledger.query(
            TableName=self._outputs["LedgerTableName"], KeyConditionExpression="pk = :role",
            ExpressionAttributeValues={":role": {"S": f"history/{role}"}}, ScanIndexForward=False, Limit=1,
        )["Items"]
        finding = history[0]["finding"]["S"]
        self._put(pk="undo-request", sk=role, finding=finding, by=f"arn:aws:iam::{ACCOUNT}:root", hold_days=7)
        self.account.functions.invoke(FunctionName=f"{OURS}undo-remediation", Payload=json.dumps({"role": role}))

    def review(self, roles: list[str]) -> None:
        for role in roles:
            self.account.sqs.send_message(QueueUrl=self._outputs["ReviewQueueUrl"], MessageBody=json.dumps({"role": role}))

    def sweep(self) -> None:
        self.account.functions.invoke(FunctionName=f"{OURS}sweep-account", InvocationType="Event", Payload="{}")

    def switch_two_rules_off(self) -> None:
        rules = [rule["Name"] for rule in self.account.events.list_rules(NamePrefix=OURS)["Rules"] if "EventPattern" in rule]
        for name in rules[:2]:
            self.account.events.disable_rule(Name=name)

    def redrive(self) -> None:
        subprocess.run(
            [sys.executable, "-B", str(_PROJECT_ROOT / "operations/redrive.py"), "--region", REGION],
            env=self._environment, stdout=subprocess.DEVNULL, check=False,
        )

    def break_service(self, service: str, *, every: int = 1, code: str = "ServiceUnavailable", status: int = 503) -> None:
        self.lab("faults", {
            "kind": "fail", "service": service, "function": "*", "times": None, "every": every, "code": code, "status": status,
        })

    def mend_everything(self) -> None:
        self.lab("faults", method="DELETE")

    def deliver_after(self, milliseconds: int) -> None:
        self.lab("tap", {"delay_ms": milliseconds})

    def lab(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """The lab's own paths."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}/_lab/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def queue_url(self, name: str) -> str:
        return str(self.account.sqs.get_queue_url(QueueName=name)["QueueUrl"])

    def _put(self, **item: str | int) -> None:
        self._ledger.put_item(
            TableName=self._outputs["LedgerTableName"],
            Item={name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in item.items()},
        )


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _scenes(town: _Town) -> list[tuple[int, str, Callable[[], Any]]]:
    """Second, what is told of it (nothing, where it is only a step), what is done."""
    return [
        (0, "ordinary deployments", lambda: town.deploy("orders", "orders-a")),
        (4, "", lambda: town.deploy("administrator", "admin-a")),
        (8, "", town.deploy), (12, "", town.deploy), (15, "", town.deploy_with_own_boundary),
        (19, "", lambda: town.exempt("legacy-*")), (21, "", lambda: town.deploy("reports", "legacy-reports")),
        (26, "a sweep", town.sweep), (28, "", town.deploy), (33, "", town.deploy),
        (30, "", town.deploy_an_import), (35, "", lambda: town.open_to_the_internet("orders-a")),
        (38, "somebody takes boundaries away", lambda: town.take_boundary_away("admin-a")),
        (41, "", lambda: town.take_boundary_away("orders-a")), (44, "", lambda: town.take_boundary_away("admin-a")),
        (48, "", town.edit_the_boundary), (50, "", town.deploy), (54, "", town.deploy), (56, "", town.sweep),
        (58, "an undo", lambda: town.undo("orders-a")),
        (64, "IAM throttles", lambda: town.break_service("iam", every=2, code="Throttling", status=400)),
        (65, "", town.deploy), (68, "", lambda: town.deploy("administrator")), (71, "", town.deploy), (74, "", town.deploy),
        (77, "", town.mend_everything), (79, "", town.deploy),
        (84, "DynamoDB does not answer", lambda: town.break_service("dynamodb")),
        (85, "", town.deploy), (87, "", lambda: town.deploy("administrator")), (90, "", town.deploy), (93, "", town.deploy),
        (97, "", town.mend_everything), (101, "", town.deploy), (104, "", town.sweep), (106, "dead letters sent again", town.redrive),
        (112, "events come late", lambda: town.deliver_after(_LATE_MS)),
        (113, "", town.deploy), (116, "", lambda: town.deploy("administrator")), (119, "", town.deploy),
        (122, "", lambda: town.deliver_after(_DELAY_MS)), (124, "", town.deploy), (129, "", town.deploy), (131, "", town.sweep),
        (135, "", lambda: town.review(["admin-a", "orders-a", "team-reports", "legacy-reports"] * 6)),
        (138, "a function is refused calls", lambda: town.make_users(12)),
        (140, "", town.deploy), (143, "", lambda: town.close_again("orders-a")), (146, "", town.deploy), (148, "", lambda: town.make_users(30)), (151, "", lambda: town.deploy("administrator")),
        (157, "two rules are switched off, a sweep finds it", town.switch_two_rules_off),
        (159, "", town.sweep), (163, "", town.deploy), (168, "", town.deploy), (173, "", town.deploy),
    ]


def _play(town: _Town, url: str) -> dict[str, Any]:
    town.deliver_after(_DELAY_MS)
    started, started_ms = time.time(), time.monotonic() * 1000
    points: Points = defaultdict(list)
    stop = threading.Event()
    sampler = threading.Thread(target=_sample_queues, args=(Account(url), town, points, stop, started), daemon=True)
    sampler.start()
    told = []
    for second, what, do in _scenes(town):
        time.sleep(max(0.0, started + second - time.time()))
        print(f"{second:4} s  {what}" if what else f"{second:4} s", file=sys.stderr)
        if what:
            told.append([second, what])
        do()
    time.sleep(max(0.0, started + _SECONDS - time.time()))
    stop.set()
    sampler.join()
    entries = [entry for entry in town.account.journal() if entry["kind"] == "invocation" and entry["function"].startswith(OURS)]
    _note_invocations(entries, started_ms, points)
    for function in sorted({entry["function"] for entry in entries}):
        for line in town.lab("logs?function=" + urllib.parse.quote(function)):
            _note_line(line, started, points)
    return {"seconds": _SECONDS, "scenes": told, "series": _series(points)}


def _sample_queues(account: Account, town: _Town, points: Points, stop: threading.Event, started: float) -> None:
    urls = {name: town.queue_url(name) for name in _QUEUES}
    while not stop.wait(_SAMPLE_SECONDS):
        for name, url in urls.items():
            asked = account.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
            waiting = int(asked["Attributes"]["ApproximateNumberOfMessages"])
            key = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", (("QueueName", name),))
            points[key].append((time.time() - started, waiting))


def _note_invocations(entries: list[dict[str, Any]], started_ms: float, points: Points) -> None:
    for entry in entries:
        if entry["ended_ms"] is None or entry["started_ms"] < started_ms:
            continue
        at, dimension = (entry["started_ms"] - started_ms) / 1000, (("FunctionName", entry["function"]),)
        points["AWS/Lambda", "Invocations", dimension].append((at, 1))
        points["AWS/Lambda", "Duration", dimension].append((at, round(entry["ended_ms"] - entry["started_ms"])))
        points["AWS/Lambda", "Errors", dimension].append((at, int(entry["error"] is not None)))


def _note_line(line: str, started: float, points: Points) -> None:
    """A line in embedded metric format is a point for each metric and set of dimensions."""
    try:
        fields = json.loads(line)
    except ValueError:
        return
    if not isinstance(fields, dict) or "_aws" not in fields:
        return
    at = fields["_aws"]["Timestamp"] / 1000 - started
    if at < 0:
        return
    for directive in fields["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple((name, fields[name]) for name in names)
                points[directive["Namespace"], metric["Name"], dimensions].append((at, fields[metric["Name"]]))


def _series(points: Points) -> Iterator[dict[str, Any]]:
    for (namespace, metric, dimensions), found in sorted(points.items()):
        # Of what is sampled the highest of each second is enough.
        kept = sorted(found) if namespace != "AWS/SQS" else sorted(_highest_by_second(found).items())
        yield {
            "namespace": namespace, "metric": metric, "dimensions": dict(dimensions),
            "points": [[round(at, 1), value] for at, value in kept],
        }


def _highest_by_second(found: list[tuple[float, float]]) -> dict[float, float]:
    highest: dict[float, float] = {}
    for at, value in found:
        second = float(int(at))
        highest[second] = max(value, highest.get(second, 0))
    return highest


def _compact(recording: dict[str, Any]) -> str:
    """JSON with a line a series, so that a difference can be read."""
    series = ",\n".join("    " + json.dumps(one, separators=(",", ":")) for one in recording["series"])
    if not series:
        raise LabError("nothing was recorded; run with `-v` to see why")
    scenes = json.dumps(recording["scenes"], ensure_ascii=False)
    return f'{{\n  "seconds": {recording["seconds"]},\n  "scenes": {scenes},\n  "series": [\n{series}\n  ]\n}}\n'
