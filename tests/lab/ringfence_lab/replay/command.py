"""`python -m ringfence_lab replay`: exit code 0 where it was shown, 1 where the account did not do it, 2 for an unusable file."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..demo.command import run as run_to_the_end
from ..demo.screen import Screen
from ..errors import LabError
from ..server_process import ACCOUNT, client_environment
from . import event as events
from . import report
from .event import Event, Unusable

if TYPE_CHECKING:
    from .role import RoleFile

_UNUSABLE = 2
_EVERYTHING = "replay@example.com"
_LOG_PATIENCE_SECONDS = 5.0
_LOG_POLL_SECONDS = 0.05
_NOT_FOUND = "the role is not found, a second look is queued"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command line takes."""
    parser.add_argument("file", help="a CloudTrail record or log file, an EventBridge event, or a message of the review queue; `-` is standard input")
    parser.add_argument("--role", type=Path, metavar="FILE", help="a RoleDetail as in GetAccountAuthorizationDetails: the role is made first, as it was")
    parser.add_argument("--adopt", action="store_true", help="take an event of another account for one of the lab's")
    parser.add_argument("--json", action="store_true", help="print JSON, with the findings")
    parser.add_argument("--url", help="a local account that runs already, with Ringfence in it (default: one of its own)")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="template parameter, such as Mode=observe")


def run(arguments: argparse.Namespace) -> int:
    """Replay the event of a file."""
    try:
        event, role = _read(arguments)
    except Unusable as error:
        print(f"replay: {error}", file=sys.stderr)
        return _UNUSABLE
    if arguments.url:
        return _show(arguments, event, _in_the_lab(arguments.url, client_environment(arguments.url), event, role))
    return run_to_the_end(lambda _: _replay(arguments, event, role))


def _read(arguments: argparse.Namespace) -> tuple[Event, RoleFile | None]:
    try:
        text = sys.stdin.read() if arguments.file == "-" else Path(arguments.file).read_text(encoding="utf-8")
        role_text = arguments.role.read_text(encoding="utf-8") if arguments.role else None
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"a file cannot be read: {error}") from error
    try:
        event = events.read(text)
    except Unusable as error:
        raise Unusable(f"`{arguments.file}` cannot be replayed: {error}") from error
    if event.account not in (None, ACCOUNT):
        if not arguments.adopt:
            raise Unusable(
                f"the event belongs to account {event.account}, and the local one is {ACCOUNT}: no function takes it; "
                "ADOPT=1 (`--adopt`) replays it as if it were the local one's"
            )
        role_text = role_text.replace(event.account or "", ACCOUNT) if role_text else None
        event = event.in_the_lab()
    if role_text is None:
        return event, None
    from . import role

    return event, role.read(role_text)


def _replay(arguments: argparse.Namespace, event: Event, role: RoleFile | None) -> int:
    from ..demo.stage import ringfence_running

    parameters = dict(assignment.partition("=")[::2] for assignment in arguments.param)
    # Progress goes to standard error, so that what is shown can be piped.
    screen = Screen(sys.stderr, os.environ)
    with ringfence_running(screen, 0, arguments.verbose, parameters) as server:
        came = _in_the_lab(server.url, server.client_environment(), event, role)
    return _show(arguments, event, came)


def _show(arguments: argparse.Namespace, event: Event, came: report.Came) -> int:
    if not came.invocations:
        print(f"replay: no function of Ringfence takes this event: {event.why_no_rule_takes_it()}", file=sys.stderr)
        return _UNUSABLE
    if came.ignored is not None:
        print(f"replay: {came.invocations[0]['function']} ignores this event: {came.ignored}", file=sys.stderr)
        return _UNUSABLE
    print(report.in_json(came) if arguments.json else report.in_text(came))
    return 0


def _in_the_lab(url: str, environment: dict[str, str], event: Event, role: RoleFile | None) -> report.Came:
    # boto3 may be missing; `ringfence_running` has looked.
    from ..demo.cast import Administrator
    from ..demo.observer import Observer

    root, observer = Administrator(url, environment), Observer(url)
    outputs = root.stack_outputs()
    notes = _make_role(root, observer, role) if role is not None else []
    root.subscribe_to_findings(outputs["FindingsTopicArn"])
    root.call("sns", "Subscribe", TopicArn=outputs["FindingsTopicArn"], Protocol="email", Endpoint=_EVERYTHING)
    observer.wait_until_idle()
    # Subscribing is told as tampering, and comes over the subscription itself.
    root.new_findings()
    since, mails_before = observer.mark(), len(observer.mailbox())
    if event.for_the_bus:
        observer.deliver(event.body)
    else:
        root.call("sqs", "SendMessage", QueueUrl=outputs["ReviewQueueUrl"], MessageBody=json.dumps(event.body))
    if not observer.wait_until_idle():
        raise LabError("the functions are not through with the event after 30 s; run with `-v` to see why")
    event_id = str(event.record.get("eventID", ""))
    journal = observer.journal(since)
    invocations = _invocations(observer, journal, event_id if event.for_the_bus else None)
    if any(invocation["log"].get("decision") == _NOT_FOUND for invocation in invocations):
        notes.append("the local account has no such role: ROLE=file (`--role`) makes it first, from GetAccountAuthorizationDetails")
    return report.Came(
        event.name, event_id, invocations, _calls(journal), root.new_findings(),
        [mail for mail in observer.mailbox()[mails_before:] if mail["to"] == _EVERYTHING], notes,
    )


def _make_role(root: Any, observer: Any, file: RoleFile) -> list[str]:
    """As if it had been there before Ringfence looked: the calls that make it are told to nobody."""
    from . import role

    observer.hold_events(True)
    left_out = role.make(file, root.client("iam"))
    if found := role.dates(file):
        observer.set_dates(file.name, found)
    observer.forget_events()
    observer.hold_events(False)
    return [f"not made: {what}" for what in left_out]


def _invocations(observer: Any, journal: list[dict[str, Any]], event_id: str | None) -> list[dict[str, Any]]:
    """The invocations that the event caused, with the log line of each; not those by Ringfence's own writes."""
    functions = [
        entry["function"] for entry in journal
        if entry["kind"] == "invocation" and entry["function"].startswith("ringfence-")
        and event_id in (None, entry["event_id"])
    ]
    deadline = time.monotonic() + _LOG_PATIENCE_SECONDS
    while True:
        found = []
        for function in dict.fromkeys(functions):
            lines = [line for line in observer.log_lines(function) if event_id is None or line.get("event_id") == event_id]
            found += [{"function": function, "log": line} for line in lines if _tells_the_end(line)]
        # What a function writes reaches the lab on another way than its answer, and may come later.
        if len(found) >= len(functions) or time.monotonic() > deadline:
            return found
        time.sleep(_LOG_POLL_SECONDS)


def _tells_the_end(line: dict[str, Any]) -> bool:
    return line.get("message") in ("done", "ignored", "failed, to be retried")


def _calls(journal: list[dict[str, Any]]) -> list[str]:
    return [
        f"{entry['service']}:{entry['operation']}" + ("" if entry["status"] == 200 else f" ({entry['error']})")
        for entry in journal
        if entry["kind"] == "call" and entry["caller"].get("function", "").startswith("ringfence-")
    ]
