"""What the scenes share: who is in it, what has happened so far, and what to do when something is not as told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import botocore.exceptions

from .cast import Administrator, Done, Person
from .observer import Observer, writes_to_iam
from .pasted_line import UnreadableLine, calls_of
from .screen import Screen, Style, milliseconds

# Columns of the lines that tell of a call.
NAME_WIDTH, OPERATION_WIDTH, ABOUT_WIDTH = 11, 34, 30
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"
LAMBDA_TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
# Severities; MAILED is what FindingsEmail gets.
SERIOUS = ("HIGH", "CRITICAL")
MAILED = ("MEDIUM", *SERIOUS)
_PATIENCE_SECONDS = 30.0
# Every look takes time of the one process that is the account.
_POLL_SECONDS = 0.05
_T = TypeVar("_T")


class NotAsTold(Exception):
    """Something happened otherwise than the story says."""

    def __init__(self, expected: str, saw: str) -> None:
        super().__init__(f"expected {expected}; saw {saw}")
        self.expected, self.saw = expected, saw


@dataclass
class Story:
    """The state of the story. Scenes add to it in order."""

    screen: Screen
    url: str
    observer: Observer
    root: Administrator
    alice: Person
    bob: Person
    mallory: Person
    olivia: Person
    boundary: str
    ledger: str
    findings: list[dict[str, Any]] = field(default_factory=list)
    mails_read: int = 0
    mails_repeated: int = 0

    def act(self, person: Person, service: str, operation: str, about: str, **parameters: Any) -> Done:
        """A person makes a call, which must succeed; told in one line."""
        try:
            done = person.call(service, operation, **parameters)
        except botocore.exceptions.ClientError as error:
            raise NotAsTold(f"{person.name}'s {service}:{operation} to succeed", str(error)) from error
        cells = [(person.name, NAME_WIDTH), (f"{service}:{operation}", OPERATION_WIDTH), (about, ABOUT_WIDTH)]
        self.screen.row(cells, f"ok, {milliseconds(done.took_ms)}", Style.QUIET)
        return done

    def expect(self, holds: bool, expected: str, saw: object) -> None:
        """Stop the story where something does not hold."""
        if not holds:
            raise NotAsTold(expected, str(saw))

    def await_sight(self, expected: str, look: Callable[[], _T | None]) -> _T:
        """Look until there is something to see."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (seen := look()) is None:
            if time.monotonic() > deadline:
                raise NotAsTold(expected, f"nothing of the kind within {_PATIENCE_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        return seen

    def create_administrator(self, person: Person, role: str, **parameters: str) -> tuple[Done, Done]:
        """A person makes a role for Lambda functions that may do everything."""
        create = self.act(
            person, "iam", "CreateRole", role, RoleName=role, AssumeRolePolicyDocument=LAMBDA_TRUST, **parameters
        )
        attach = self.act(
            person, "iam", "AttachRolePolicy", "AdministratorAccess", RoleName=role, PolicyArn=ADMINISTRATOR_ACCESS
        )
        return create, attach

    def paste(self, person: Person, line: str) -> list[Done]:
        """A person pastes a line of an e-mail into a shell: its calls are made, one after the other."""
        try:
            calls = calls_of(line, person.arn)
        except UnreadableLine as error:
            raise NotAsTold("a line for a shell with AWS CLI 2", str(error)) from error
        return [
            self.act(person, call.service, call.operation, _about(call.parameters), **call.parameters) for call in calls
        ]

    def iam_writes(self, since: int) -> list[str]:
        """What Ringfence has written to IAM after a mark of the journal."""
        return [entry["operation"] for entry in writes_to_iam(self.observer.journal(since))]

    def expect_boundary(self, role: str, expected: str | None) -> None:
        """Stop the story where a role has another boundary, or one at all."""
        boundary = self.root.boundary_of(role)
        self.expect(boundary == expected, f"{role} with {expected or 'no boundary'}", boundary or "no boundary")

    def take_finding(self, outcome: str, person: Person) -> dict[str, Any]:
        """Wait until all is quiet, and take the one new finding: of that outcome, and about a call of that person."""
        return self.take_findings({outcome: person})[outcome]

    def take_findings(self, expected: Mapping[str, Person | None]) -> dict[str, dict[str, Any]]:
        """The same for several: outcomes, each with who called, None where nobody can know; one of each, and no other."""
        self.expect(self.observer.wait_until_idle(), "the account to come to rest", "calls or events still under way")
        new = self.root.new_findings()
        self.findings += new
        told = [f"{finding['outcome']} ({finding['severity']})" for finding in new]
        # What the boundary refuses may be told as well.
        remarkable = [finding for finding in new if finding["outcome"] != "denied"]
        self.expect(
            sorted(finding["outcome"] for finding in remarkable) == sorted(expected),
            "one finding " + " and one ".join(f"`{outcome}`" for outcome in expected), ", ".join(told) or "none",
        )
        taken = {finding["outcome"]: finding for finding in remarkable}
        for outcome, person in expected.items():
            principal = taken[outcome]["trigger"]["principal"]
            who = person.name if person else "nobody in particular"
            self.expect(principal == (person.arn if person else None), f"a finding about a call of {who}", principal)
        return taken

    def take_mails(self, *findings: dict[str, Any]) -> list[dict[str, Any]]:
        """The e-mails since the last ones: about each of these findings that is MEDIUM or worse, and about no other.

        Two events that are handled at once may send one finding twice; the second e-mail is only counted.
        """
        new = self.observer.mailbox()[self.mails_read:]
        self.mails_read += len(new)
        due = [finding for finding in findings if finding["severity"] in MAILED]
        about = [[mail for mail in new if finding["id"] in mail["body"]] for finding in due]
        self.expect(
            all(about) and sum(map(len, about)) == len(new),
            "e-mails: " + ("; ".join(f"{finding['outcome']} {finding['id']}" for finding in due) or "none"),
            "; ".join(str(mail["subject"]) for mail in new) or "none",
        )
        self.mails_repeated += len(new) - len(due)
        return [mails[0] for mails in about]


def _about(parameters: Mapping[str, Any]) -> str:
    item = parameters.get("Item") or parameters.get("Key")
    return f"{item['pk']['S']} {item['sk']['S']}" if item else str(parameters["FunctionName"])
