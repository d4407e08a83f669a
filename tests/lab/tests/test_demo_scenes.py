"""Whether the demo's scenes check what they show, in doubles of the account: none of this says how Ringfence behaves."""

from __future__ import annotations

import io
import unittest
from collections.abc import Callable
from typing import Any

from ringfence_lab.demo import operator_scenes, scenes, screen
from ringfence_lab.demo.cast import Done
from ringfence_lab.demo.story import NotAsTold, Story

_OURS, _THEIRS = "arn:aws:iam::123456789012:policy/ours", "arn:aws:iam::123456789012:policy/billing-boundary"
_UNDO_LINE = (
    "aws dynamodb put-item --table-name ledger --item '{\"pk\":{\"S\":\"undo-request\"},\"sk\":{\"S\":\"orders\"}}' && "
    "aws lambda invoke --function-name undo --payload '{}' /dev/stdout"
)
_DELETE_LINE = 'aws dynamodb delete-item --table-name ledger --key \'{"pk":{"S":"settings"},"sk":{"S":"mode"}}\''


class SomePerson:
    """Double of a person: every call succeeds, with one answer."""

    def __init__(self, name: str, invoked: dict[str, Any]) -> None:
        self.name, self.arn = name, f"arn:aws:iam::123456789012:user/{name}"
        self._answer = {"Policy": {"Arn": _THEIRS}, "Role": {"Arn": "role"}, "Payload": io.BytesIO(b"{}"), **invoked}

    def call(self, _service: str, operation: str, **_parameters: object) -> Done:
        return Done(operation, self._answer, 1.0, 1.0)


class SomeAccount:
    """Double of the account, as observer and as root: each look finds what was laid out for it."""

    def __init__(self) -> None:
        self.boundaries: dict[str, list[str | None]] = {}
        self.findings: list[list[dict[str, Any]]] = []
        self.writes: list[list[str]] = []
        self.invoked: dict[str, Any] = {}
        self.unwanted_mails: list[dict[str, Any]] = []
        self._mails: list[dict[str, Any]] = []

    def wait_until_idle(self) -> bool:
        return True

    def mark(self) -> int:
        return 0

    def journal(self, _since: int) -> list[dict[str, Any]]:
        ours = {"kind": "call", "service": "iam", "status": 200, "caller": {"function": "ringfence-on-role-change"}}
        return [{**ours, "operation": operation} for operation in self.writes.pop(0)]

    def boundary_of(self, role: str) -> str | None:
        return self.boundaries[role].pop(0)

    def new_findings(self) -> list[dict[str, Any]]:
        new = self.findings.pop(0)
        self._mails += [
            {"to": "security", "subject": finding["title"], "body": f"finding {finding['id']}"}
            for finding in new if finding["severity"] in ("MEDIUM", "HIGH", "CRITICAL")
        ]
        return new

    def mailbox(self) -> list[dict[str, Any]]:
        return self._mails + self.unwanted_mails

    def story(self) -> Story:
        people = [SomePerson(name, self.invoked) for name in ("alice", "bob", "mallory", "olivia")]
        quiet: Any = screen.Screen(io.StringIO(), {})
        anything: list[Any] = [quiet, "http://127.0.0.1:1", self, self, *people, _OURS, "ledger"]
        return Story(*anything)


def _finding(outcome: str, severity: str, who: str | None, mode: str = "enforce", **more: object) -> dict[str, Any]:
    principal = f"arn:aws:iam::123456789012:user/{who}" if who else None
    return {
        "id": f"rf-{outcome}-{severity}", "outcome": outcome, "severity": severity, "mode": mode, "title": outcome,
        "summary": f"To enforce again at once: {_DELETE_LINE}", "trigger": {"principal": principal}, **more,
    }


class Scenes(unittest.TestCase):
    """Each scene passes in an account that does what it says, and stops with the reason where one thing is otherwise."""

    def _own_boundary(self) -> tuple[SomeAccount, Callable[[Story], None]]:
        account = SomeAccount()
        account.boundaries = {"billing-role": [_THEIRS]}
        account.findings, account.writes = [[_finding("kept", "INFO", "bob")]], [[]]
        return account, scenes._a_team_has_its_own

    def _undo(self) -> tuple[SomeAccount, Callable[[Story], None]]:
        account = SomeAccount()
        account.boundaries = {"orders": [None, None, None]}
        account.findings = [[_finding("undone", "INFO", "olivia")], [_finding("reported", "CRITICAL", "alice")]]
        account.writes = [["DeleteRolePermissionsBoundary"]]
        written = {"role": {"name": "orders"}, "undo": _UNDO_LINE, "boundary": {"before": None}}
        return account, lambda story: operator_scenes.undo(story, 1, written, {"body": f"Paste:\n{_UNDO_LINE}\n"})

    def _kill_switch(self) -> tuple[SomeAccount, Callable[[Story], None]]:
        account = SomeAccount()
        account.boundaries = {"reports-role": [None], "invoices-role": [_OURS]}
        account.findings = [
            [_finding("would-bound", "CRITICAL", "alice", "observe"), _finding("notice", "CRITICAL", "olivia", "observe")],
            [_finding("bounded", "CRITICAL", "alice"), _finding("notice", "MEDIUM", None)],
        ]
        account.writes = [[], ["PutRolePermissionsBoundary"]]
        return account, lambda story: operator_scenes.kill_switch(story, 1)

    def _stops(
        self, scene: Callable[[], tuple[SomeAccount, Callable[[Story], None]]], change: Callable[[SomeAccount], object], saw: str
    ) -> None:
        account, play = scene()
        change(account)
        with self.subTest(saw), self.assertRaises(NotAsTold) as stopped:
            play(account.story())
        self.assertIn(saw, stopped.exception.saw)

    def test_as_told(self) -> None:
        for scene in (self._own_boundary, self._undo, self._kill_switch):
            with self.subTest(scene.__name__):
                account, play = scene()
                play(account.story())
                left = [account.findings, account.writes, *account.boundaries.values()]
                self.assertFalse(any(left), f"the scene does not look at {left}")

    def test_a_boundary_that_is_not_kept(self) -> None:
        scene = self._own_boundary
        self._stops(scene, lambda a: a.boundaries.update({"billing-role": [_OURS]}), _OURS)
        self._stops(scene, lambda a: a.findings[0].__setitem__(0, _finding("replaced", "HIGH", "bob")), "replaced (HIGH)")
        self._stops(scene, lambda a: a.writes[0].append("PutRolePermissionsBoundary"), "PutRolePermissionsBoundary")
        mail = {"to": "security", "subject": "about nothing", "body": ""}
        self._stops(scene, lambda a: a.unwanted_mails.append(mail), "about nothing")

    def test_an_undo_that_does_not_hold(self) -> None:
        scene = self._undo
        self._stops(scene, lambda a: a.invoked.update(FunctionError="Unhandled"), "{}")
        for look in range(3):
            self._stops(scene, lambda a: a.boundaries["orders"].__setitem__(look, _OURS), _OURS)
        self._stops(scene, lambda a: a.findings[0].clear(), "none")
        self._stops(scene, lambda a: a.findings[1].__setitem__(0, _finding("bounded", "HIGH", "alice")), "bounded (HIGH)")
        self._stops(scene, lambda a: a.writes[0].append("PutRolePermissionsBoundary"), "PutRolePermissionsBoundary")

    def test_another_line_than_the_undo_line(self) -> None:
        for line, body, why in (
            (_UNDO_LINE, "no line", "the undo line in the e-mail; saw no line"),
            (_UNDO_LINE.partition(" && ")[0], _UNDO_LINE, r"saw \['PutItem'\]"),
            ("aws iam delete-role", "aws iam delete-role", "nobody here knows"),
        ):
            account, _ = self._undo()
            written = {"role": {"name": "orders"}, "undo": line, "boundary": {"before": None}}
            with self.subTest(why), self.assertRaisesRegex(NotAsTold, why):
                operator_scenes.undo(account.story(), 1, written, {"body": body})

    def test_a_kill_switch_that_does_not_work(self) -> None:
        scene = self._kill_switch
        bounded, minor = _finding("bounded", "CRITICAL", "alice"), _finding("notice", "LOW", "olivia")
        enforcing = _finding("would-bound", "CRITICAL", "alice")
        self._stops(scene, lambda a: a.findings[0].__setitem__(0, bounded), "bounded (CRITICAL), notice (CRITICAL)")
        self._stops(scene, lambda a: a.findings[0].__setitem__(0, enforcing), "enforce")
        self._stops(scene, lambda a: a.findings[0].pop(), "would-bound (CRITICAL)")
        self._stops(scene, lambda a: a.findings[0].__setitem__(1, minor), "LOW")
        self._stops(scene, lambda a: a.boundaries.update({"reports-role": [_OURS]}), _OURS)
        self._stops(scene, lambda a: a.writes[0].append("PutRolePermissionsBoundary"), "PutRolePermissionsBoundary")
        self._stops(scene, lambda a: a.boundaries.update({"invoices-role": [None]}), "no boundary")
        self._stops(scene, lambda a: a.findings[1].pop(), "bounded (CRITICAL)")
        self._stops(scene, lambda a: a.findings[1][0].update(mode="observe"), "observe")
        self._stops(scene, lambda a: a.findings[0][1].update(summary="without a line"), "without a line")
        self._stops(scene, lambda a: a.writes[1].clear(), "none")

    def test_a_finding_about_somebody_else(self) -> None:
        account, play = self._own_boundary()
        account.findings = [[_finding("kept", "INFO", "mallory")]]
        with self.assertRaisesRegex(NotAsTold, "a call of bob; saw .*user/mallory"):
            play(account.story())

    def test_a_mail_that_comes_twice_is_counted_and_not_held_against_anybody(self) -> None:
        account = SomeAccount()
        account.findings = [[_finding("would-bound", "CRITICAL", "alice")]]
        story = account.story()
        finding = story.take_finding("would-bound", story.alice)
        account.unwanted_mails = account.mailbox()
        self.assertEqual(len(story.take_mails(finding)), 1)
        self.assertEqual((story.mails_read, story.mails_repeated), (2, 1))


if __name__ == "__main__":
    unittest.main()
