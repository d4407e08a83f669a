"""The environment variables of a function's process, and its output.

MiniStack passes on the whole environment of the server and leaves out the logging variables. AWS defines exactly
these ("Defined runtime environment variables" in the Lambda Developer Guide); `AWS_ENDPOINT_URL` is the lab's own.
"""

from __future__ import annotations

import os
from collections import defaultdict, deque
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

# What a function may see of the server's own environment: the search path, so that shell bootstraps find their tools.
_INHERITED = ("PATH",)
_MAX_LINES = 20_000


class FunctionLogs:
    """The lines that functions wrote, by function name; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_MAX_LINES))

    def lines(self, function: str) -> list[str]:
        """All lines of one function, oldest first, from every process it had."""
        return list(self._lines[function])

    def clear(self) -> None:
        """Forget all lines."""
        self._lines.clear()

    def apply(self) -> None:
        """Keep a copy of what a process writes, at once and not only at the end of an invocation."""
        pump = lambda_runtime.ProvidedWorker._pump_output
        logs = self

        def pump_and_keep(worker: lambda_runtime.ProvidedWorker, stream: Any, log_queue: Any) -> None:
            pump(worker, stream, _Tee(log_queue, logs._lines[worker.func_name]))

        lambda_runtime.ProvidedWorker._pump_output = pump_and_keep


class _Tee:
    def __init__(self, log_queue: Any, copy: deque[str]) -> None:
        self._queue, self._copy = log_queue, copy
        self.get_nowait = log_queue.get_nowait

    def put_nowait(self, line: str) -> None:
        self._copy.append(line)
        self._queue.put_nowait(line)


def apply() -> None:
    """Give processes the variables AWS gives, and nothing of the server's beyond the search path."""
    build = lambda_svc._provided_worker_env

    def build_as_on_aws(config: dict[str, Any], code_directory: str, port: int) -> dict[str, str]:
        own = (config.get("Environment") or {}).get("Variables") or {}
        environment = build(config, code_directory, port)
        inherited = os.environ.keys() - own.keys() - set(_INHERITED)
        environment = {
            name: value
            for name, value in environment.items()
            if name not in inherited or name.startswith(("AWS_", "LAMBDA_TASK"))
        }
        environment.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin")
        return _logging_variables(config) | {
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        } | environment

    lambda_svc._provided_worker_env = build_as_on_aws


def _logging_variables(config: dict[str, Any]) -> dict[str, str]:
    logging = config.get("LoggingConfig") or {}
    group = logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}"
    variables = {"AWS_LAMBDA_LOG_GROUP_NAME": group}
    if logging.get("LogFormat") == "JSON":
        variables |= {
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": logging.get("ApplicationLogLevel", "INFO"),
        }
    return variables
