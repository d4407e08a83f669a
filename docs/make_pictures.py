"""Draws the pictures of the documentation that show what Ringfence tells. Each is made from a text that a test holds.

`python3 docs/make_pictures.py` writes them; tests/lab/tests/test_pictures.py holds that the committed ones are today's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

_DOCS = Path(__file__).resolve().parent
_TEXTS = _DOCS.parent / "shared/guardrail/tests/guardrail/texts/snapshots"
_LABELS = ("What", "Who", "Done", "Effect", "Next", "Undo")
_LABEL_WIDTH = 8

_SANS = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# One file for light and dark pages: it brings its own ground, and takes the reader's colour scheme.
_STYLE = """
    .ground { fill: #ffffff; stroke: #d0d7de; }
    .bar { fill: #f6f8fa; stroke: #d0d7de; }
    .code { fill: #ddf4ff; }
    .text { fill: #1f2328; }
    .quiet { fill: #57606a; }
    .label { fill: #0550ae; font-weight: 600; }
    .alarm { fill: #cf222e; font-weight: 600; }
    .strong { font-weight: 600; }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #0d1117; stroke: #30363d; }
      .bar { fill: #161b22; stroke: #30363d; }
      .code { fill: #0c2d4d; }
      .text { fill: #f0f6fc; }
      .quiet { fill: #9198a1; }
      .label { fill: #79c0ff; }
      .alarm { fill: #ff7b72; }
    }
"""


def finding_email() -> str:
    """The e-mail of a CRITICAL `bounded` as a mail client shows it, down to the line for the template."""
    subject, body = _email("bounded-administrator")
    beginning, _, _ = body.partition("\nWHAT WAS FOUND\n")
    lines = [*beginning.rstrip().split("\n"), "", "…"]
    margin, top, step, character = 28, 158, 19, 7.25
    width = 2 * margin + round(100 * character)
    height = top + step * len(lines) + 4
    mail = [
        _rect("bar", 1, 1, width - 2, 110, 8),
        _text("text strong", margin, 38, subject, size=16),
        _text("text", margin, 66, "Ringfence <no-reply@sns.amazonaws.com>", size=13),
        _text("quiet", margin, 90, "to security@example.com", size=13),
    ]
    for index, line in enumerate(lines):
        y = top + step * index
        label = line[:_LABEL_WIDTH].strip()
        if line.startswith("    "):
            mail.append(_rect("code", margin, y - 14, width - 2 * margin, step + 1, 4) if _is_to_paste(line) else "")
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
    return _picture(
        width, height, "The e-mail of a finding", f"{subject}\n{beginning.strip()}", [part for part in mail if part]
    )


PICTURES: dict[str, Callable[[], str]] = {"finding-email.svg": finding_email}


def _email(name: str) -> tuple[str, str]:
    """Subject and body of the golden text."""
    snapshot = (_TEXTS / f"guardrail__texts__{name}.snap").read_text("utf-8")
    _, _, text = snapshot.split("---\n", 2)
    subject, _, body = text.partition("\n\n")
    return subject.removeprefix("Subject: "), body


def _is_to_paste(line: str) -> bool:
    """Whether it is a line of its own, and not the rest of a sentence."""
    return not line.startswith(" " * _LABEL_WIDTH)


def _mono(style: str, x: float, y: int, text: str) -> str:
    indent = len(text) - len(text.lstrip())
    return _text(style, x + indent * 7.25, y, text.lstrip(), size=12, family=_MONO)


def _text(style: str, x: float, y: int, text: str, *, size: int, family: str = _SANS) -> str:
    # A reader's font may be wider than ours: the length of fixed-width lines is given.
    length = f' textLength="{len(text) * 7.25:g}" lengthAdjust="spacingAndGlyphs"' if family == _MONO else ""
    return (
        f'<text class="{style}" x="{x:g}" y="{y}" font-size="{size}" font-family="{family}"{length} '
        f'xml:space="preserve">{escape(text)}</text>'
    )


def _rect(style: str, x: int, y: int, width: int, height: int, radius: int) -> str:
    return f'<rect class="{style}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}"/>'


def _picture(width: int, height: int, title: str, description: str, parts: list[str]) -> str:
    ground = _rect("ground", 1, 1, width - 2, height - 2, 8)
    body = "\n  ".join([ground, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title description">\n'
        f'  <title id="title">{escape(title)}</title>\n  <desc id="description">{escape(description)}</desc>\n'
        f"  <style>{_STYLE}  </style>\n  {body}\n</svg>\n"
    )


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (_DOCS / name).write_text(draw(), "utf-8")
