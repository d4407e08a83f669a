"""What is shown: a head of facts and the e-mails, or one JSON object with the findings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ..demo.screen import without_controls


@dataclass(frozen=True)
class Came:
    """What came of an event."""

    event: str
    event_id: str
    # One entry for each invocation, with its log line's fields.
    invocations: list[dict[str, Any]]
    # `service:Operation` with what AWS said, in order.
    calls: list[str]
    findings: list[dict[str, Any]]
    mails: list[dict[str, Any]]
    notes: list[str]

    @property
    def ignored(self) -> str | None:
        """Why the only function that got it had nothing to do with it."""
        reasons = [invocation["log"].get("reason") for invocation in self.invocations]
        return str(reasons[0]) if reasons and all(reasons) else None


def in_json(came: Came) -> str:
    """Everything, for programs."""
    return json.dumps({
        "event": came.event, "event_id": came.event_id, "account": "lab", "invocations": came.invocations,
        "calls": came.calls, "notes": came.notes, "findings": came.findings,
    }, indent=2)


def in_text(came: Came) -> str:
    """Everything, for people: the e-mail of each finding, whatever its severity."""
    lines = [f"Event      {came.event} {came.event_id}".rstrip()]
    for invocation in came.invocations:
        log = invocation["log"]
        said = [str(log[field]) for field in ("decision", "reason", "cause") if log.get(field)]
        lines.append(f"Function   {invocation['function']}")
        lines.append(f"Decision   {': '.join([*([log['outcome']] if log.get('outcome') else []), *said]) or 'none'}")
        lines.append(f"Log        {json.dumps(log)}")
    lines += [f"Note       {note}" for note in came.notes]
    lines.append(f"Calls      {', '.join(came.calls) or 'none'}")
    for mail in came.mails:
        lines += ["", f"Subject: {mail['subject']}", "", mail["body"]]
    if not came.mails:
        lines += ["", "Nothing was told."]
    return without_controls("\n".join(lines).rstrip())
