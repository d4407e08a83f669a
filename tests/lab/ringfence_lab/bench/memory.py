"""Peak memory of processes, from /proc."""

from __future__ import annotations

from pathlib import Path

from ..errors import LabError


def peak_rss(pid: int) -> int:
    """The most memory that a process has held at a time (VmHWM), in bytes; pages of its binary count."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LabError(f"the kernel tells no VmHWM of process {pid}; the bench needs Linux")


def function_processes(ancestor: int) -> dict[str, list[int]]:
    """The processes of Lambda functions below a process, by function name."""
    found: dict[str, list[int]] = {}
    for pid in _descendants(ancestor):
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                found.setdefault(variable.partition(b"=")[2].decode(), []).append(pid)
    return found


def _descendants(ancestor: int) -> list[int]:
    found = [ancestor]
    for pid in found:
        # Children belong to the thread that started them.
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found[1:]
