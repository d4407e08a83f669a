"""Everything that is measured in a running lab, in one deployment."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from ..deployment import Deployment
from ..errors import LabError
from ..server_process import LabServer
from . import calls, containment
from .account import OURS, Account
from .builds import PROJECT_ROOT, Builds, deployable
from .calls import Case
from .containment import Cause, Temperature, Times
from .memory import peak_rss
from .samples import Samples

_STACK = "ringfence"
_LATENCY_CALLS = 50
_WARMING_ATTEMPTS = 10


@dataclass(frozen=True)
class Seen:
    """What one lab showed. Memory and sizes in bytes, by function folder where by function."""

    environments: dict[str, dict[str, str]]
    cases: list[Case]
    get_role: Samples
    to_boundary: dict[tuple[Cause, Temperature], Times]
    memory_after_event: dict[str, int]
    finding_as_json: int
    finding_as_email: int


def measure(builds: Builds, work_directory: Path, runs: int, verbose: bool) -> Seen:
    """Deploy these binaries with the unchanged template into a lab, use it, stop it."""
    deployment = Deployment(
        template=PROJECT_ROOT / "template.yaml",
        stack_name=_STACK,
        parameters={"FindingsEmail": "security@example.com"},
        build_directory=work_directory,
        verbose=verbose,
    )
    deployable(builds, work_directory)
    names = [built.function for built in builds.functions]
    with LabServer(0, verbose) as server:
        deployment.deploy(server.client_environment())
        return _use(Account(server.url), names, runs)


def _use(account: Account, names: list[str], runs: int) -> Seen:
    outputs = account.outputs(_STACK)
    # The finding as programs get it; the stack's own subscription is for people.
    account.sns.subscribe(
        TopicArn=outputs["FindingsTopicArn"], Protocol="email-json", Endpoint="programs@example.com"
    )
    _say("warming the functions up")
    _warm(account)
    latency = account.get_role_latency("bench-warm-0", _LATENCY_CALLS).values
    _say("counting calls")
    cases = calls.measure(account)
    as_json, as_email = _finding_sizes(account, calls.ADMINISTRATOR_ROLE)
    times = {}
    for temperature in (Temperature.WARM, Temperature.COLD):
        for cause in Cause:
            _say(f"timing {cause.value}, {temperature.value}, {runs} times")
            times[cause, temperature] = containment.measure(account, cause, temperature, runs)
        if temperature is Temperature.WARM:
            review = json.dumps({"role": calls.BARE_ROLE})
            account.sqs.send_message(QueueUrl=outputs["ReviewQueueUrl"], MessageBody=review)
            account.settle()
            memory = {
                name.removeprefix(OURS): max(peak_rss(pid) for pid in pids)
                for name, pids in account.processes().items()
            }
    latency += account.get_role_latency("bench-warm-0", _LATENCY_CALLS).values
    environments = {name: account.environment_of(f"{OURS}{name}") for name in names}
    return Seen(environments, cases, Samples(latency), times, memory, as_json, as_email)


def _warm(account: Account) -> None:
    """Handle events until none starts a process any more: our own write comes back while its event is being handled."""
    before: dict[str, list[int]] | None = None
    for attempt in range(_WARMING_ATTEMPTS):
        arn = account.create_role(f"bench-warm-{attempt}")
        account.settle()
        account.create_function(f"bench-warm-{attempt}", arn)
        account.settle()
        after = account.processes()
        if after == before:
            return
        before = after
    raise LabError(f"the functions kept starting processes over {_WARMING_ATTEMPTS} events: {before}")


def _finding_sizes(account: Account, role: str) -> tuple[int, int]:
    """Bytes of the one finding about a role, as JSON and as e-mail text."""
    findings = [
        json.loads(mail["body"]) | {"size": len(mail["body"].encode())}
        for mail in account.mailbox() if mail["protocol"] == "email-json"
    ]
    about = [finding for finding in findings if finding["role"]["name"] == role]
    texts = [
        len(mail["body"].encode()) for mail in account.mailbox()
        if mail["protocol"] == "email" and f"role/{role}" in mail["body"]
    ]
    if len(about) != 1 or len(texts) != 1:
        raise LabError(f"expected one finding about `{role}` in both forms, got {len(about)} and {len(texts)}")
    return about[0]["size"], texts[0]


def _say(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)
