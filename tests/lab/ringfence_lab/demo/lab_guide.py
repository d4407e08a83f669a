"""What `make lab` says: how to point clients at the account, something to try, where to look."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping

from .observer import Observer
from .screen import Screen, Style
from .stage import FINDINGS_EMAIL

_ROLE = "try-me"


def client_exports(environment: Mapping[str, str]) -> str:
    """Shell lines that point `aws`, boto3 and every other SDK at the lab."""
    wanted = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION")
    return "\n".join(f"export {name}={shlex.quote(environment[name])}" for name in wanted)


def example_for_aws_cli() -> str:
    """Shell lines that make Ringfence act."""
    trust = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},'
        '"Action":"sts:AssumeRole"}]}'
    )
    return "\n".join([
        f"aws iam create-role --role-name {_ROLE} --assume-role-policy-document '{trust}'",
        f"aws iam attach-role-policy --role-name {_ROLE} --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
        f"aws iam get-role --role-name {_ROLE} --query Role.PermissionsBoundary",
    ])


def example_for_python(python: str) -> str:
    """The same without the AWS CLI, with the Python that has boto3."""
    return "\n".join([
        f"{shlex.quote(python)} - <<'END'",
        "import boto3, json, time",
        "iam = boto3.client('iam')",
        "trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 'sts:AssumeRole',",
        "         'Principal': {'Service': 'lambda.amazonaws.com'}}]}",
        f"iam.create_role(RoleName='{_ROLE}-too', AssumeRolePolicyDocument=json.dumps(trust))",
        f"iam.attach_role_policy(RoleName='{_ROLE}-too', PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')",
        "time.sleep(1)",
        f"print(iam.get_role(RoleName='{_ROLE}-too')['Role'].get('PermissionsBoundary'))",
        "END",
    ])


def print_guide(screen: Screen, url: str, environment: Mapping[str, str]) -> None:
    """All of it."""
    screen.heading(1, "Point a client at it (in another shell; the keys are root's, in this account only)")
    screen.verbatim(client_exports(environment))
    screen.heading(2, "Something to try, with the AWS CLI (2.13 or newer; older ones need --endpoint-url)")
    screen.verbatim(example_for_aws_cli())
    screen.heading(3, "The same with boto3")
    screen.verbatim(example_for_python(sys.executable))
    screen.heading(4, "Where to look")
    for what, address in (
        (f"e-mails to {FINDINGS_EMAIL} (MEDIUM and above)", "mailbox"),
        ("CloudTrail events that were delivered", "events"),
        ("every API call and invocation, with times", "journal"),
        ("what a function logged", "logs?function=ringfence-on-role-change"),
    ):
        screen.row([(what, 50), (f"curl -s '{url}/_lab/{address}'", 0)])
    screen.blank()
    screen.say("Running. Ctrl-C stops it and leaves nothing behind. E-mails appear below as they come.", Style.GOOD)


class MailReader:
    """Tells of e-mails as they come."""

    def __init__(self, screen: Screen, observer: Observer) -> None:
        self._screen, self._observer, self._seen = screen, observer, 0

    def look(self) -> None:
        """One line per e-mail since the last look."""
        mails = self._observer.mailbox()
        # Somebody may have emptied the mailbox.
        self._seen = min(self._seen, len(mails))
        for mail in mails[self._seen:]:
            self._screen.row([(mail["time"][11:19], 9), (f"e-mail to {mail['to']}:", 0)], mail["subject"], Style.NOTICE)
        self._seen = len(mails)
