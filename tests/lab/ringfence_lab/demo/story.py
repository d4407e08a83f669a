"""What the scenes share: who is in it, what has happened so far, and what to do when something is not as told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import botocore.exceptions

from .cast import Administrator, Done, Person
from .observer import Observer
from .screen import Screen, Style, milliseconds

# Columns of the lines that tell of a call.
NAME_WIDTH, OPERATION_WIDTH, ABOUT_WIDTH = 11, 34, 30
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
    mallory: Person
    boundary: str
    findings: list[dict[str, Any]] = field(default_factory=list)
    mails_read: int = 0

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

    def take_finding(self, outcome: str, person: Person) -> dict[str, Any]:
        """Wait until all is quiet, and take the one new finding: of that outcome, and about a call of that person."""
        self.expect(self.observer.wait_until_idle(), "the account to come to rest", "calls or events still under way")
        new = self.root.new_findings()
        self.findings += new
        told = [f"{finding['outcome']} ({finding['severity']})" for finding in new]
        # What the boundary refuses may be told as well.
        remarkable = [finding for finding in new if finding["outcome"] != "denied"]
        self.expect(
            [finding["outcome"] for finding in remarkable] == [outcome], f"one finding `{outcome}`", ", ".join(told) or "none"
        )
        (finding,) = remarkable
        principal = str(finding["trigger"]["principal"])
        self.expect(principal.endswith(f":user/{person.name}"), f"a finding about a call of {person.name}", principal)
        return finding

    def take_mail(self) -> dict[str, Any]:
        """The one e-mail that has come since the last one."""
        new = self.observer.mailbox()[self.mails_read:]
        self.mails_read += len(new)
        subjects = "; ".join(str(mail["subject"]) for mail in new)
        self.expect(len(new) == 1, "one e-mail", subjects or "none")
        return new[0]
