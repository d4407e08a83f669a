"""The processes behind the functions: which one made a call, and how to end it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from ministack.core import lambda_runtime


def processes_of(function: str) -> list[int]:
    """Process ids of the live execution environments of a function."""
    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
    return [
        worker._proc.pid
        for worker in workers
        if worker.func_name == function and worker._proc is not None and worker._proc.poll() is None
    ]


def process_of_connection(function: str, client_port: int, server_port: int) -> int | None:
    """The process of a function that owns the client end of a loopback connection, itself or through a child."""
    inode = _socket_inode(client_port, server_port)
    if inode is None:
        return None
    for pid in processes_of(function):
        if any(_holds_socket(member, inode) for member in _with_descendants(pid)):
            return pid
    return None


def kill(pid: int) -> None:
    """End a process and its descendants at once, as a lost execution environment does."""
    for member in _with_descendants(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(member, signal.SIGKILL)


def kill_all() -> None:
    """End every execution environment, for the end of the server."""
    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
    running = [worker._proc for worker in workers if worker._proc is not None and worker._proc.poll() is None]
    for process in running:
        kill(process.pid)
    for process in running:
        process.wait()


def _with_descendants(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        try:
            children = Path(f"/proc/{member}/task/{member}/children").read_text()
        except OSError:
            continue
        found += [int(child) for child in children.split()]
    return found


def _socket_inode(local_port: int, remote_port: int) -> str | None:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            # Both ends have to fit: the kernel gives one local port to connections with different servers, and keeps
            # closed ones, without an owner, in the table for a while.
            ends = (fields[1].rpartition(":")[2], fields[2].rpartition(":")[2])
            if ends == (f"{local_port:04X}", f"{remote_port:04X}") and fields[9] != "0":
                return fields[9]
    return None


def _holds_socket(pid: int, inode: str) -> bool:
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for descriptor in descriptors:
        try:
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") == f"socket:[{inode}]":
                return True
        except OSError:
            continue
    return False
