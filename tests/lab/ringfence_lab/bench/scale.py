"""The `scale` command: sweeps of accounts of several sizes, with the real function, as a table."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import urllib.request
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ..deployment import Deployment, cache_directory
from ..errors import LabError
from ..server_process import LabServer
from . import builds
from .account import Account
from .builds import PROJECT_ROOT, Builds
from .command import Profile

_STACK = "ringfence"
_SWEEP = "ringfence-sweep-account"
_REVIEW = "ringfence-review-role"
_BOUNDARY = "arn:aws:iam::123456789012:policy/ringfence/ringfence-baseline-v1"
_FUNCTIONS_PER_ROLE = 4
_MEMORY_LIMIT_MB = 128
_SWEEPS_PER_MONTH = 2 * 365 / 12
# As the template gives the function.
_MEMORY_GB = 256 / 1024
# A sweep stops when a minute is left, so this leaves it a few seconds at a time.
_SHORT_TIMEOUT = 62


@dataclass(frozen=True)
class Sweep:
    """What one whole sweep took, over all its invocations."""

    roles: int
    functions: int
    note: str
    invocations: int
    calls: dict[str, int]
    seconds: float
    peak_mb: float
    queued: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--roles", type=int, nargs="+", default=[500, 1000, 5000], metavar="N",
                        help="sizes; each account has four times as many functions (default: 500 1000 5000)")
    parser.add_argument("--profile", type=Profile, default=Profile.RELEASE, metavar="lab|release",
                        help="default: release, what users deploy")


def run(arguments: argparse.Namespace) -> int:
    """0 when every sweep came to its end within the memory that the design gives it."""
    work = cache_directory() / "bench" / arguments.profile.value
    work.mkdir(parents=True, exist_ok=True)
    built = builds.build(arguments.profile.value, work)
    builds.deployable(built, work)
    sweeps = [_swept(built, roles, "", arguments.verbose) for roles in arguments.roles]
    largest = max(arguments.roles)
    sweeps.append(_swept(built, largest, "every third call of IAM throttled", arguments.verbose, throttled=True))
    sweeps.append(_swept(built, largest, "out of time again and again", arguments.verbose, timeout=_SHORT_TIMEOUT))
    print(_table(sweeps))
    over = [sweep for sweep in sweeps if sweep.peak_mb > _MEMORY_LIMIT_MB]
    print(f"\n{len(sweeps) - len(over)} of {len(sweeps)} sweeps within {_MEMORY_LIMIT_MB} MB")
    return 1 if over else 0


def _swept(built: Builds, roles: int, note: str, verbose: bool, throttled: bool = False, timeout: int = 0) -> Sweep:
    functions = roles * _FUNCTIONS_PER_ROLE
    print(f"an account of {roles:,} roles and {functions:,} functions{', ' if note else ''}{note} …", file=sys.stderr)
    deployment = Deployment(
        template=PROJECT_ROOT / "template.yaml", stack_name=_STACK, parameters={},
        build_directory=cache_directory() / "bench" / built.functions[0].binary.parent.name, verbose=verbose,
    )
    with LabServer(0, verbose) as server:
        deployment.deploy(server.client_environment())
        account = Account(server.url)
        account.create_function("model", account.create_role("model"))
        account.settle()
        population = {"roles": roles, "functions": functions, "model": "model", "boundary": _BOUNDARY}
        _post(server.url, "population", population)
        _leave_the_queue_alone(account)
        if throttled:
            _post(server.url, "faults", {
                "kind": "fail", "service": "iam", "function": _SWEEP, "every": 3, "times": None,
                "status": 400, "code": "Throttling",
            })
        if timeout:
            account.functions.update_function_configuration(FunctionName=_SWEEP, Timeout=timeout)
        return _until_done(account, server.url, roles, functions, note)


def _until_done(account: Account, url: str, roles: int, functions: int, note: str) -> Sweep:
    since = account.mark()
    lines: list[dict[str, Any]] = []
    while not lines or lines[-1]["decision"] != "all roles judged":
        before = len(lines)
        account.functions.invoke(FunctionName=_SWEEP, InvocationType="RequestResponse", Payload=b"{}")
        lines = _last_words(url)
        if len(lines) == before:
            raise LabError(f"the sweep failed; its log is at {url}/_lab/logs?function={_SWEEP}")
    calls: Counter[str] = Counter(
        f"{entry['service']} {entry['operation']}" for entry in account.journal(since)
        if entry["kind"] == "call" and entry["caller"].get("function") == _SWEEP
    )
    return Sweep(
        roles, functions, note, len(lines), dict(calls),
        sum(line["duration_ms"] for line in lines) / 1000,
        max(line["peak_rss_kib"] for line in lines) * 1024 / 1e6,
        sum(json.loads(lines[-1]["queued"]).values()),
    )


def _last_words(url: str) -> list[dict[str, Any]]:
    """The line that each invocation ends with."""
    found = []
    with urllib.request.urlopen(f"{url}/_lab/logs?function={_SWEEP}", timeout=60) as answer:
        for text in json.load(answer):
            try:
                fields = json.loads(text).get("fields", {})
            except ValueError:
                continue
            if fields.get("event") == "Sweep" and "decision" in fields:
                found.append(fields)
    return found


def _leave_the_queue_alone(account: Account) -> None:
    """Only the sweep is measured: what it queues waits."""
    mappings = account.functions.list_event_source_mappings(FunctionName=_REVIEW)["EventSourceMappings"]
    for mapping in mappings:
        account.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def _post(url: str, path: str, body: dict[str, Any]) -> None:
    request = urllib.request.Request(f"{url}/_lab/{path}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=600):
        pass


def _table(sweeps: list[Sweep]) -> str:
    heads = ["Roles", "Functions", "Sweeps' invocations", "Calls", "of IAM", "of Lambda", "of the ledger", "Seconds",
             "Peak MB", "Queued", "$ a month", ""]
    rows = [heads, ["---:"] * (len(heads) - 1) + ["---"]]
    for sweep in sweeps:
        of = Counter[str]()
        for name, count in sweep.calls.items():
            of[name.split()[0]] += count
        rows.append([
            f"{sweep.roles:,}", f"{sweep.functions:,}", str(sweep.invocations), f"{sum(sweep.calls.values()):,}",
            f"{of['iam']:,}", f"{of['lambda']:,}", f"{of['dynamodb']:,}", f"{sweep.seconds:.1f}",
            f"{sweep.peak_mb:.1f}", f"{sweep.queued:,}", f"{_dollars(sweep):.2f}", sweep.note,
        ])
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    most = max(sweeps, key=lambda sweep: sweep.roles)
    by_operation = ", ".join(f"{count:,} × {name}" for name, count in Counter(most.calls).most_common())
    return (
        f"{text}\n\nThe calls at {most.roles:,} roles: {by_operation}.\n"
        "Seconds are those of the local account, which answers in milliseconds and never limits a rate. Dollars: two sweeps a "
        "day, Lambda's time and requests, the ledger's reads, messages of the queue."
    )


def _dollars(sweep: Sweep) -> float:
    prices = _costs().PRICES
    of_one = (
        prices["Lambda GB-seconds, arm64"].of(sweep.seconds * _MEMORY_GB)
        + prices["Lambda requests"].of(sweep.invocations)
        # A record of up to 4 KB that is read as it is now.
        + prices["DynamoDB reads"].of(sweep.roles)
        + prices["SQS requests"].of(sweep.queued / 10)
    )
    return float(of_one * _SWEEPS_PER_MONTH)


def _costs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costs", PROJECT_ROOT / "operations" / "costs.py")
    if spec is None or spec.loader is None:
        raise LabError("`operations/costs.py` is missing; run from a whole checkout")
    module = sys.modules.setdefault("costs", importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module
