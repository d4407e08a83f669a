"""The sections of the table: which figures there are, their budgets, and what each leaves out."""

from __future__ import annotations

from collections.abc import Mapping

from .builds import EMPTY, Builds
from .calls import Case
from .containment import Cause, Temperature, Times
from .init_time import Measured, Start, Starts
from .report import Figure, Section
from .samples import Samples

_MEGABYTE = 1e6
_INIT_RATIO = 2.0
_PEAK_RSS_MB = 20.0
_ZIP_MB = 5.0
# Nobody waits for their start, and they use services that no event needs: S3's client alone brings its tables of checksums.
_SCHEDULED = frozenset({"suggest-policy", "sweep-account"})
_SCHEDULED_ZIP_MB = 7.0
_IAM_CALLS = 2.0
_LEDGER_WRITES = 1.0


def init(builds: Builds, measured: Measured, judged: bool) -> Section:
    """Init time beside the empty function's, and the warm-up apart."""
    empty = measured.by_function[EMPTY].without_warm_up
    figures = [Figure(f"{EMPTY}: init", empty.median, "ms", detail=str(empty))]
    for built in builds.functions:
        name, of = built.function, measured.by_function[built.function]
        figures += [
            Figure(f"{name}: init without warm-up", of.without_warm_up.median, "ms", detail=str(of.without_warm_up)),
            _ratio(f"{name}: init without warm-up ÷ empty", of.without_warm_up, empty, _INIT_RATIO if judged else None),
            Figure(f"{name}: warm-up", of.warm_up.median, "ms", detail=f"{of.warm_up}; {_calls_of(of.all[0])}"),
        ]
    remarks = [
        "Start of the process to its first `next`, in turns; starting an execution environment is no part of it.",
        "Without warm-up: less what the function's own stopwatch says of its warm-up, which it logs.",
        "The endpoint is a double that answers at once, without TLS.",
    ]
    plain = measured.one_trust_file.without_warm_up
    figures += [
        Figure(f"{measured.chosen}: init without warm-up, one trust file", plain.median, "ms", detail=str(plain)),
        _ratio(f"{measured.chosen}: the same ÷ empty", plain, empty, None),
    ]
    remarks.append(
        "One trust file: `SSL_CERT_FILE` names one bundle, in place of all files that this machine trusts."
    )
    if measured.over_tls is None:
        remarks.append("SKIPPED: the warm-up over TLS, because there is no `openssl` to make a certificate with.")
    else:
        total = measured.over_tls.total
        figures.append(Figure(
            f"{measured.chosen}: warm-up over TLS", total.median - plain.median, "ms",
            detail=f"start to next {total}; {_calls_of(measured.over_tls.all[0])}",
        ))
        remarks.append("Over TLS: median start to next less the median without warm-up; loopback, so no distance.")
    return Section("Init time", figures, remarks)


def _ratio(name: str, ours: Samples, empty: Samples, limit: float | None) -> Figure:
    """The worse of two: on a busy machine everything waits, and medians grow alike."""
    medians, fastest = ours.median / empty.median, ours.fastest / empty.fastest
    detail = f"the larger of medians {medians:.2f}, fastest {fastest:.2f}"
    return Figure(name, max(medians, fastest), "×", limit, detail)


def _calls_of(start: Start) -> str:
    return f"{', '.join(start.calls)}; of which {start.seen_at_the_endpoint:.2f} ms seen at the endpoint"


def memory(builds: Builds, starts: Mapping[str, Starts], after_event: Mapping[str, int], judged: bool) -> Section:
    """Peak memory after init, and after events."""
    limit = _PEAK_RSS_MB if judged else None
    figures, remarks = [], ["VmHWM, the highest of all processes. Lambda itself counts the sandbox on top."]
    for built in builds.functions:
        name = built.function
        figures.append(Figure(f"{name}: peak after init", starts[name].peak_rss / _MEGABYTE, "MB", limit))
        if name in after_event:
            figures.append(Figure(f"{name}: peak after events", after_event[name] / _MEGABYTE, "MB", limit))
        else:
            remarks.append(f"SKIPPED: {name} after events, because nothing in the bench invokes it yet.")
    figures.append(Figure(f"{EMPTY}: peak after init", starts[EMPTY].peak_rss / _MEGABYTE, "MB"))
    return Section("Memory", figures, remarks)


def sizes(builds: Builds, judged: bool) -> Section:
    """What is uploaded, and what Lambda unpacks."""
    figures = []
    for built in builds.functions:
        limit = _SCHEDULED_ZIP_MB if built.function in _SCHEDULED else _ZIP_MB
        figures.append(Figure(
            f"{built.function}: zip", built.zipped / _MEGABYTE, "MB", limit if judged else None,
            f"unpacked {built.size / _MEGABYTE:.2f} MB",
        ))
    empty = builds.empty
    figures.append(Figure(
        f"{EMPTY}: zip", empty.zipped / _MEGABYTE, "MB", detail=f"unpacked {empty.size / _MEGABYTE:.2f} MB"
    ))
    return Section("Size", figures, ["For this machine's processor; on another the code has another size."])


def calls(cases: list[Case]) -> Section:
    """Calls for one event, functions warm."""
    figures = []
    for case in cases:
        figures += [
            Figure(f"{case.name}: IAM until contained", len(case.iam_before), "calls", _IAM_CALLS,
                   str(case.iam_before)),
            Figure("    ledger writes until contained", case.ledger_writes_before, "writes", _LEDGER_WRITES,
                   str(case.ledger_before)),
            Figure("    IAM in total", len(case.iam_total), "calls", detail=str(case.iam_total)),
            Figure("    ledger in total", len(case.ledger_total), "calls", detail=str(case.ledger_total)),
            Figure("    others in total", len(case.other_total), "calls", detail=str(case.other_total)),
        ]
    return Section("Calls", figures, [
        "From the lab's journal, functions warm: the warm-up of a new process comes on top.",
        "Totals include what the event of our own write costs when it comes back.",
    ])


def time_to_boundary(times: Mapping[tuple[Cause, Temperature], Times], get_role: Samples) -> Section:
    """How long a role is unbounded, in GetRole calls."""
    figures = [Figure("GetRole, median", get_role.median, "ms", detail=str(get_role))]
    for (cause, temperature), measured in times.items():
        for name, samples in (
            (f"{cause.value} to boundary, {temperature.value}", measured.from_answer),
            ("    of which from the function's first call", measured.from_first_call),
        ):
            figures.append(Figure(name, samples.median / get_role.median, "× GetRole", detail=str(samples)))
    return Section("Time from the answer of the call to the boundary in place", figures, [
        "In the lab, which delivers events at once. On AWS, CloudTrail and EventBridge take seconds to minutes before.",
        "MiniStack's Runtime API sends an event in two segments, which costs 40 ms (Nagle) that are not AWS's.",
        "Cold: the process starts and warms up first; on AWS the environment starts before that.",
    ])


def findings(as_json: int, as_email: int) -> Section:
    """What the security team gets about a role with AdministratorAccess."""
    return Section("Finding about a new role with AdministratorAccess", [
        Figure("JSON", as_json, "bytes"),
        Figure("e-mail", as_email, "bytes"),
    ], [])
