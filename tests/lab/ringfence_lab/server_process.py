"""Starts the server in a process group of its own, with a clean environment, and stops it with all its children."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from .errors import LabError

ACCOUNT = "123456789012"
REGION = "us-east-1"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
# AWS retries after one and two minutes.
_RETRY_BASE_SECONDS = "0.3"
# AWS lets throttled events wait for up to five.
_RETRY_MAX_SECONDS = "3"


class LabServer:
    """A running lab, as a context manager. `url` is valid inside."""

    def __init__(self, port: int, verbose: bool, application: str = "lab") -> None:
        self._verbose = verbose
        self._application = application
        self._listener = _listen(port)
        self._directory = Path(tempfile.mkdtemp(prefix="ringfence-lab-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> LabServer:
        descriptor = self._listener.fileno()
        command = [sys.executable, "-m", "ringfence_lab.server"]
        command += ["--fd", str(descriptor), "--application", self._application]
        self._process = subprocess.Popen(
            command + (["--verbose"] if self._verbose else []),
            env=self._environment(),
            cwd=self._directory,
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if not self._verbose else 2,
            start_new_session=True,
        )
        self._listener.close()
        try:
            self._await_health()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self, seconds: float) -> int | None:
        """The server's exit code if it has ended within that time."""
        if self._process is None:
            return None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """End the server and everything it started; may be called twice."""
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_SECONDS)
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def client_environment(self) -> dict[str, str]:
        """What a client of this lab needs in its environment."""
        return client_environment(self.url)

    def _environment(self) -> dict[str, str]:
        package_root = str(Path(__file__).resolve().parent.parent)
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self._directory),
            "TMPDIR": str(self._directory),
            "LANG": "C.UTF-8",
            "PYTHONPATH": package_root,
            "PYTHONDONTWRITEBYTECODE": "1",
            "GATEWAY_PORT": self.url.rpartition(":")[2],
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            # For Lambda children: they call back here.
            "AWS_ENDPOINT_URL": self.url,
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": os.environ.get("LAMBDA_ASYNC_RETRY_BASE_SECONDS", _RETRY_BASE_SECONDS),
            "LAMBDA_ASYNC_RETRY_MAX_SECONDS": _RETRY_MAX_SECONDS,
            # Parts of MiniStack that would open ports of their own, or look for a Docker daemon.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "LOG_LEVEL": "INFO" if self._verbose else "ERROR",
        }

    def _await_health(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process is not None and (code := self._process.poll()) is not None:
                raise LabError(f"the lab's server ended with code {code} while starting; run with `-v` to see why")
            if _answers(self.url, self._application):
                return
            time.sleep(0.05)
        raise LabError(f"the lab's server did not answer within {_START_SECONDS:.0f} s; run with `-v` to see why")


def client_environment(url: str) -> dict[str, str]:
    """What a client of a lab needs in its environment. The keys are those of the account's root user."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "RINGFENCE_LAB_URL": url,
    }


def is_healthy(url: str) -> bool:
    """Whether a lab answers at this address."""
    return _answers(url, "lab")


def _answers(url: str, application: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_{application}/health", timeout=2) as response:
            return isinstance(json.load(response), dict)
    except (urllib.error.URLError, OSError, ValueError, http.client.HTTPException):
        return False


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise LabError(f"port {port} cannot be used ({error.strerror}); choose another, or 0 for any") from error
    return listener


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
