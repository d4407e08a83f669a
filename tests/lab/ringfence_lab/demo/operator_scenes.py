"""The scenes of the operator: what Ringfence did is taken back, and Ringfence is held back."""

from __future__ import annotations

import datetime
import json
from typing import Any

from .screen import Style
from .story import ABOUT_WIDTH, MAILED, NAME_WIDTH, OPERATION_WIDTH, SERIOUS, Story

_MORE_RIGHTS = "SecretsManagerReadWrite"
_TOLD_ROLE, _NEXT_ROLE = "reports-role", "invoices-role"
_SWITCH_HOURS = 4
_TITLE_WIDTH = OPERATION_WIDTH + 1 + ABOUT_WIDTH


def undo(story: Story, number: int, written: dict[str, Any], mail: dict[str, Any]) -> None:
    """The last line of the e-mail about a write, pasted; then another event about the role."""
    role, line = str(written["role"]["name"]), str(written["undo"])
    story.screen.heading(number, "An operator takes it back")
    story.screen.say(
        "orders-api has a migration to run, once, and the boundary refuses it. Olivia pastes the line at the end of the "
        f"last e-mail about {role} into a shell, and it makes two calls. She may do that: OperatorPrincipals names her, "
        "which AWS checks and this local account does not."
    )
    story.screen.blank()
    story.expect(line in mail["body"], "the undo line in the e-mail", mail["body"])
    since = story.observer.mark()
    calls = story.paste(story.olivia, line)
    operations = [call.operation for call in calls]
    story.expect(operations == ["PutItem", "Invoke"], "a line that calls PutItem and Invoke", operations)
    answer = json.load(calls[1].answer["Payload"])
    story.expect("FunctionError" not in calls[1].answer, "an undo that succeeds", answer)
    before = written["boundary"]["before"]
    story.expect_boundary(role, before)
    story.screen.say(f"    GetRole  {before or 'no boundary'}, as before Ringfence came")
    undone = story.take_finding("undone", story.olivia)
    story.expect_boundary(role, before)

    story.screen.blank()
    story.screen.say("Ringfence now holds still for seven days. Alice gives the role even more, and the event arrives.")
    story.screen.blank()
    story.act(
        story.alice, "iam", "AttachRolePolicy", _MORE_RIGHTS,
        RoleName=role, PolicyArn=f"arn:aws:iam::aws:policy/{_MORE_RIGHTS}",
    )
    held = story.take_finding("reported", story.alice)
    story.expect_boundary(role, before)
    writes = story.iam_writes(since)
    story.expect(
        writes == ["DeleteRolePermissionsBoundary"], "one write to IAM, the one that was asked for", writes or "none"
    )
    story.screen.say(f"    GetRole  {before or 'no boundary'}, still")
    story.screen.blank()
    (mail,) = _told(story, undone, held)
    _box(story, mail, held)


def kill_switch(story: Story, number: int) -> None:
    """An item of the ledger has Ringfence only observe, until it is deleted."""
    story.screen.heading(number, "Something is wrong: the kill switch")
    story.screen.say(
        "Nobody wants anything to write to IAM until it is known what. Olivia puts an item into the ledger: "
        f"only observe, for {_SWITCH_HOURS} hours. No deployment is needed."
    )
    story.screen.blank()
    since = story.observer.mark()
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=_SWITCH_HOURS)
    item = {
        "pk": "settings", "sk": "mode", "value": "observe", "by": story.olivia.arn, "reason": "incident 4711",
        "expires_at": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    story.act(
        story.olivia, "dynamodb", "PutItem", "settings mode",
        TableName=story.ledger, Item={name: {"S": value} for name, value in item.items()},
    )
    story.create_administrator(story.alice, _TOLD_ROLE)
    told = story.take_findings({"would-bound": story.alice, "notice": story.olivia})
    would, notice = told["would-bound"], told["notice"]
    story.expect(would["mode"] == "observe", "a finding in mode observe", would["mode"])
    story.expect(notice["severity"] == "CRITICAL", "a CRITICAL notice", notice["severity"])
    story.expect_boundary(_TOLD_ROLE, None)
    writes = story.iam_writes(since)
    story.expect(not writes, "no write to IAM while the kill switch is on", writes)
    story.screen.say("    GetRole  no boundary")
    story.screen.blank()
    _, mail = _told(story, would, notice)
    _box(story, mail, notice)
    story.screen.blank()
    story.screen.say("All is well again. Olivia pastes the line of the notice, and Alice creates the next role.")
    story.screen.blank()
    _, _, line = notice["summary"].partition("at once: ")
    deleted = [call.operation for call in story.paste(story.olivia, line)]
    story.expect(deleted == ["DeleteItem"], "a line in the notice that calls DeleteItem", deleted or notice["summary"])
    story.create_administrator(story.alice, _NEXT_ROLE)
    told = story.take_findings({"bounded": story.alice, "notice": None})
    story.expect(told["bounded"]["mode"] == "enforce", "a finding in mode enforce", told["bounded"]["mode"])
    story.expect_boundary(_NEXT_ROLE, story.boundary)
    writes = story.iam_writes(since)
    story.expect(writes == ["PutRolePermissionsBoundary"], "one boundary put since", writes or "none")
    story.screen.say(f"    GetRole  {story.boundary}")
    story.screen.blank()
    _told(story, told["bounded"], told["notice"])
    story.screen.say(
        f"{_TOLD_ROLE} stays as it is until its next event, or until somebody sends it to the review queue.", Style.QUIET
    )


def _told(story: Story, *findings: dict[str, Any]) -> list[dict[str, Any]]:
    """What the security team is told, a line each; the e-mails."""
    for finding in findings:
        cells = [("finding", NAME_WIDTH), (f"{finding['outcome']}: {finding['title']}", _TITLE_WIDTH)]
        way = "e-mail" if finding["severity"] in MAILED else "topic only"
        style = Style.BAD if finding["severity"] in SERIOUS else Style.QUIET
        story.screen.row(cells, f"{finding['severity']}, {way}", style)
    return story.take_mails(*findings)


def _box(story: Story, mail: dict[str, Any], finding: dict[str, Any]) -> None:
    story.screen.box(f"From the e-mail to {mail['to']}", f"Subject: {mail['subject']}\n\n{finding['summary']}")
