"""Init time: from the start of a function's process to its first `next`, against doubles on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError
from .builds import EMPTY, Builds, Built
from .certificates import make_certificate, trust_file
from .doubles import AwsEndpoints, RuntimeApi
from .memory import peak_rss
from .samples import Samples

_START_SECONDS = 20.0
_ONE_FILE = "one trust file"
_OVER_TLS = "over TLS"


@dataclass(frozen=True)
class Start:
    """One start of a process. Times in milliseconds, memory in bytes."""

    total: float
    # By the function's own stopwatch around its warm-up, which it logs; 0 for the empty function.
    warm_up: float
    # From the first connection to an AWS endpoint to the last answer, as the endpoint saw it: a part of the warm-up.
    seen_at_the_endpoint: float
    calls: tuple[str, ...]
    peak_rss: int

    @property
    def without_warm_up(self) -> float:
        """What the function would take if it did not warm up."""
        return self.total - self.warm_up


@dataclass(frozen=True)
class Starts:
    """All starts of one binary."""

    all: list[Start]

    @property
    def without_warm_up(self) -> Samples:
        """Init time, its warm-up apart."""
        return Samples([start.without_warm_up for start in self.all])

    @property
    def total(self) -> Samples:
        """Init time as Lambda sees it."""
        return Samples([start.total for start in self.all])

    @property
    def warm_up(self) -> Samples:
        """The warm-up alone."""
        return Samples([start.warm_up for start in self.all])

    @property
    def peak_rss(self) -> int:
        """The highest of all starts."""
        return max(start.peak_rss for start in self.all)


@dataclass(frozen=True)
class Measured:
    """Starts of everything, in turns, so that a busy moment of the machine meets all."""

    by_function: dict[str, Starts]
    # One of the functions again, trusting what one file says.
    chosen: str
    one_trust_file: Starts
    # The same over TLS; None where `openssl` is missing, which makes the certificate.
    over_tls: Starts | None


@dataclass(frozen=True)
class _Setting:
    built: Built
    environment: Mapping[str, str]
    tls: ssl.SSLContext | None = None


def measure(builds: Builds, environments: Mapping[str, Mapping[str, str]], runs: int, directory: Path) -> Measured:
    """Start every function and the empty one `runs` times; `directory` gets certificates."""
    settings = {
        built.function: _Setting(built, environments.get(built.function, {}))
        for built in [*builds.functions, builds.empty]
    }
    chosen = builds.functions[0]
    certificate = make_certificate(directory)
    environment = {
        **environments[chosen.function], "SSL_CERT_FILE": str(trust_file(directory, certificate)),
    }
    settings[_ONE_FILE] = _Setting(chosen, environment)
    if certificate is not None:
        settings[_OVER_TLS] = _Setting(chosen, environment, certificate.server_context())
    collected: dict[str, list[Start]] = {name: [] for name in settings}
    for run in range(runs + 1):
        for name, setting in settings.items():
            start = asyncio.run(_start(setting))
            # The first one reads the binary from disk, and is not counted.
            if run > 0:
                collected[name].append(start)
    starts = {name: Starts(all_of_it) for name, all_of_it in collected.items()}
    one_file, over_tls = starts.pop(_ONE_FILE), starts.pop(_OVER_TLS, None)
    return Measured(starts, chosen.function, one_file, over_tls)


async def _start(setting: _Setting) -> Start:
    built, environment, tls = setting.built, setting.environment, setting.tls
    with tempfile.TemporaryFile() as output:
        async with RuntimeApi() as runtime, AwsEndpoints(tls) as aws:
            variables = _lambda_variables(built.function, runtime.address) | dict(environment) | {
                "AWS_ENDPOINT_URL": f"{'https' if tls else 'http'}://{aws.address}",
            }
            started = time.monotonic()
            # close_fds=False lets Python start it without copying its own page tables.
            process = subprocess.Popen(
                [built.binary], env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=False
            )
            try:
                reached = await asyncio.wait_for(runtime.first_next, _START_SECONDS)
                memory = peak_rss(process.pid)
            except (TimeoutError, RuntimeError) as error:
                reason = str(error) or f"no `next` within {_START_SECONDS:.0f} s"
                wrote = _text(output)[-2000:]
                raise LabError(f"`{built.function}` did not get ready ({reason}); it wrote: {wrote}") from error
            finally:
                process.kill()
                process.wait()
            if aws.unknown:
                raise LabError(f"`{built.function}` calls {aws.unknown} in its warm-up; teach doubles.py to answer")
            if built.function != EMPTY and aws.first_connection is None:
                raise LabError(f"`{built.function}` made no connection in its init phase, so there is no warm-up")
        warm_up, seen = 0.0, 0.0
        if aws.first_connection is not None and aws.last_answer is not None:
            warm_up, seen = _logged_warm_up(_text(output)), (aws.last_answer - aws.first_connection) * 1000
            if warm_up < seen:
                raise LabError(f"`{built.function}` logs a warm-up of {warm_up} ms, but its endpoint saw {seen} ms of it")
        return Start((reached - started) * 1000, warm_up, seen, tuple(sorted(aws.calls)), memory)


def _lambda_variables(function: str, runtime_api: str) -> dict[str, str]:
    return {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "PATH": os.defpath,
    }


def _text(output: tempfile._TemporaryFileWrapper[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")


def _logged_warm_up(output: str) -> float:
    for line in output.splitlines():
        if "warm_up_us" in line:
            fields = json.loads(line)
            return int(fields.get("fields", fields)["warm_up_us"]) / 1000
    raise LabError(f"the function does not log its warm-up; it wrote: {output[-2000:]}")
