"""What the pictures of the documentation share: one file for light and dark pages, with a title and a description."""

from __future__ import annotations

from xml.sax.saxutils import escape

SANS = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# The picture brings its own ground, and takes the reader's colour scheme.
STYLE = """
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


def text(style: str, x: float, y: float, words: str, *, size: float, family: str = SANS, anchor: str = "start") -> str:
    """A line of text."""
    # A reader's font may be wider than ours: the length of fixed-width lines is given.
    length = f' textLength="{len(words) * 7.25:g}" lengthAdjust="spacingAndGlyphs"' if family == MONO else ""
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text class="{style}" x="{x:g}" y="{y:g}" font-size="{size:g}" font-family="{family}"{anchored}{length} '
        f'xml:space="preserve">{escape(words)}</text>'
    )


def rect(style: str, x: float, y: float, width: float, height: float, radius: int) -> str:
    """A rectangle with round corners."""
    return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}"/>'


def picture(width: int, height: int, title: str, description: str, parts: list[str], style: str = "") -> str:
    """The whole file."""
    ground = rect("ground", 1, 1, width - 2, height - 2, 8)
    body = "\n  ".join([ground, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-labelledby="title description">\n'
        f'  <title id="title">{escape(title)}</title>\n  <desc id="description">{escape(description)}</desc>\n'
        f"  <style>{STYLE}{style}  </style>\n  {body}\n</svg>\n"
    )
