"""What this process has started, directly or through others, and how to leave nothing of it running."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_SECONDS = 3.0


def adopt_orphans() -> None:
    """From now on a descendant whose parent ends becomes a child of this process, so that none gets lost.

    `prctl(2)`, PR_SET_CHILD_SUBREAPER. Without it, cargo would outlive a killed `sam`.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def descendants(root: int) -> list[int]:
    """Process ids of all descendants of `root`, parents before children, itself left out."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (parent := _parent(int(entry))) is not None:
            children.setdefault(parent, []).append(int(entry))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found[1:]


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1]
    except OSError:
        return []


def end_descendants() -> None:
    """Ask every descendant to end, and end those that do not; returns when all are gone."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    asked: set[int] = set()
    while remaining := _reaped(descendants(os.getpid())):
        for pid in remaining:
            if time.monotonic() > deadline:
                _send(pid, signal.SIGKILL)
            elif pid not in asked:
                asked.add(pid)
                _send(pid, signal.SIGTERM)
        time.sleep(0.02)


def _reaped(pids: list[int]) -> list[int]:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return []
    return [pid for pid in pids if _parent(pid) is not None]


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _parent(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the name in parentheses and may contain anything.
    return int(status.rpartition(")")[2].split()[1])
