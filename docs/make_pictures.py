"""Draws the pictures of the documentation that show what Ringfence tells. Each is made from what a test holds.

`$RINGFENCE_LAB_PYTHON docs/make_pictures.py` writes them: it needs PyYAML, which `venv-lab` has.
tests/lab/tests/test_pictures.py holds that the committed ones are today's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dashboard_picture import dashboard
from picture_parts import MONO, picture, rect, text

_DOCS = Path(__file__).resolve().parent
_TEXTS = _DOCS.parent / "shared/guardrail/tests/guardrail/texts/snapshots"
_LABELS = ("What", "Who", "Done", "Effect", "Next", "Undo")
_LABEL_WIDTH = 8


def finding_email() -> str:
    """The e-mail of a CRITICAL `bounded` as a mail client shows it, down to the line for the template."""
    subject, body = _email("bounded-administrator")
    beginning, _, _ = body.partition("\nWHAT WAS FOUND\n")
    lines = [*beginning.rstrip().split("\n"), "", "…"]
    margin, top, step, character = 28, 158, 19, 7.25
    width = 2 * margin + round(100 * character)
    height = top + step * len(lines) + 4
    mail = [
        rect("bar", 1, 1, width - 2, 110, 8),
        text("text strong", margin, 38, subject, size=16),
        text("text", margin, 66, "Ringfence <no-reply@sns.amazonaws.com>", size=13),
        text("quiet", margin, 90, "to security@example.com", size=13),
    ]
    for index, line in enumerate(lines):
        y = top + step * index
        label = line[:_LABEL_WIDTH].strip()
        if line.startswith("    "):
            mail.append(rect("code", margin, y - 14, width - 2 * margin, step + 1, 4) if _is_to_paste(line) else "")
            mail.append(_mono("text", margin, y, line))
        elif label in _LABELS:
            mail.append(_mono("label", margin, y, label))
            mail.append(_mono("text", margin + _LABEL_WIDTH * character, y, line[_LABEL_WIDTH:]))
        elif line.startswith("CRITICAL:"):
            mail.append(_mono("alarm", margin, y, line))
        elif line.isupper():
            mail.append(_mono("text strong", margin, y, line))
        elif line:
            mail.append(_mono("quiet" if line == "…" else "text", margin, y, line))
    return picture(
        width, height, "The e-mail of a finding", f"{subject}\n{beginning.strip()}", [part for part in mail if part]
    )


PICTURES: dict[str, Callable[[], str]] = {"finding-email.svg": finding_email, "dashboard.svg": dashboard}


def _email(name: str) -> tuple[str, str]:
    """Subject and body of the golden text."""
    snapshot = (_TEXTS / f"guardrail__texts__{name}.snap").read_text("utf-8")
    _, _, mail = snapshot.split("---\n", 2)
    subject, _, body = mail.partition("\n\n")
    return subject.removeprefix("Subject: "), body


def _is_to_paste(line: str) -> bool:
    """Whether it is a line of its own, and not the rest of a sentence."""
    return not line.startswith(" " * _LABEL_WIDTH)


def _mono(style: str, x: float, y: int, line: str) -> str:
    indent = len(line) - len(line.lstrip())
    return text(style, x + indent * 7.25, y, line.lstrip(), size=12, family=MONO)


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (_DOCS / name).write_text(draw(), "utf-8")
