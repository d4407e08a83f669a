"""Runs the commands of a page as they stand there: its blocks marked ```sh lab, in order, in one shell.

`aws` is a stand-in (`aws_cli`); `sam build`, `sam deploy` and `sam delete` become the lab's own, with what was built before.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .server_process import client_environment

_FENCE = re.compile(r"^```(.*)$")
_MARK = "sh lab"
_PROJECT_ROOT = Path(__file__).resolve().parents[3]
# `sam deploy` gets what a user writes after `--parameter-overrides`.
_STAND_INS = r"""
set -eu -o pipefail
lab() { "$RINGFENCE_LAB_PYTHON" -m ringfence_lab "$@"; }
aws() { "$RINGFENCE_LAB_PYTHON" -m ringfence_lab.aws_cli "$@"; }
python3() { "$RINGFENCE_LAB_PYTHON" "$@"; }
sam() {
  local command=$1; shift
  case "$command" in
    build) ;;
    deploy)
      local parameters=()
      for word in "$@"; do
        case "$word" in --parameter-overrides) ;; *=*) parameters+=(--param "${word//\"/}") ;; *) return 2 ;; esac
      done
      lab deploy --built --url "$RINGFENCE_LAB_URL" "${parameters[@]}" ;;
    delete) lab delete --url "$RINGFENCE_LAB_URL" ;;
    *) return 2 ;;
  esac
}
settle() { lab settle --url "$RINGFENCE_LAB_URL"; }
"""


@dataclass(frozen=True)
class Block:
    """Commands of a page, and where they begin."""

    line: int
    commands: str


def blocks(page: str) -> list[Block]:
    """The blocks that are marked to be run in the lab. Raises LabError for a fence that is never closed."""
    found, begun, lines, is_ours = [], 0, [], False
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(line)
        elif not begun:
            begun, lines, is_ours = number, [], fence[1].strip() == _MARK
        else:
            if is_ours:
                found.append(Block(begun + 1, "\n".join(lines)))
            begun = 0
    if begun:
        raise LabError(f"the fence in line {begun} is never closed")
    return found


def run(page: Path, url: str) -> int:
    """Run a page's blocks; what they print, and where one fails. 0 where all went well."""
    found = blocks(page.read_text(encoding="utf-8"))
    if not found:
        raise LabError(f"`{page}` has no block marked `{_MARK}`")
    # Between blocks, events are waited for: people are slower than a script.
    script = _STAND_INS + "".join(
        f"printf '%s\\n' '--- line {block.line}'\nLINE={block.line}\n{block.commands}\nsettle\n" for block in found
    )
    started = time.monotonic()
    shell = subprocess.run(
        ["bash", "-c", f"trap 'test $? = 0 || printf \"failed in the block of line %s\\n\" \"$LINE\" >&2' EXIT\nLINE=0\n{script}"],
        cwd=_PROJECT_ROOT, stdin=subprocess.DEVNULL, check=False,
        env={
            **os.environ, **client_environment(url), "RINGFENCE_LAB_PYTHON": sys.executable,
            "PYTHONPATH": str(_PROJECT_ROOT / "tests" / "lab"), "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PAGER": "",
        },
    )
    print(f"{len(found)} blocks, {time.monotonic() - started:.0f} s", file=sys.stderr)
    return shell.returncode
