"""The `bench` command: builds, measures in the lab and on loopback, prints the table, judges it."""

from __future__ import annotations

import argparse
import enum
import json
import os
import sys
import tempfile
from pathlib import Path

from ..deployment import cache_directory
from ..errors import LabError
from .report import Section, as_data, as_text, exceeded

_LEAST_STARTS = 20
_LEAST_RUNS = 10


class Profile(enum.Enum):
    """Which profile of the workspace is measured. Sizes and init times are judged for what users deploy only."""

    LAB = "lab"
    RELEASE = "release"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--profile", type=Profile, default=Profile.RELEASE, metavar="lab|release",
                        help="default: release, what users deploy; its first build takes minutes")
    parser.add_argument("--starts", type=int, default=30, help=f"starts of each function (at least {_LEAST_STARTS})")
    parser.add_argument("--runs", type=int, default=10, help=f"events for each time measured (at least {_LEAST_RUNS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")


def run(arguments: argparse.Namespace) -> int:
    """0 when every budget is kept, 1 when one is exceeded."""
    # Imported here: they need boto3, which `--help` does not.
    from . import builds, in_the_lab, init_time, sections

    if arguments.starts < _LEAST_STARTS or arguments.runs < _LEAST_RUNS:
        raise LabError(f"fewer than {_LEAST_STARTS} starts or {_LEAST_RUNS} runs say nothing about a p95")
    if arguments.json is not None and not arguments.json.absolute().parent.is_dir():
        raise LabError(f"there is no folder for `{arguments.json}`; make it first")
    profile: Profile = arguments.profile
    work = cache_directory() / "bench" / profile.value
    work.mkdir(parents=True, exist_ok=True)
    load_before = os.getloadavg()[0]
    built = builds.build(profile.value, work)
    seen = in_the_lab.measure(built, work, arguments.runs, arguments.verbose)
    # After the lab has stopped, so that nothing of ours competes for the processors.
    print(f"starting each function {arguments.starts} times …", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as directory:
        starts = init_time.measure(built, seen.environments, arguments.starts, Path(directory))
    judged = profile is Profile.RELEASE
    table = [
        sections.init(built, starts, judged),
        sections.memory(built, starts.by_function, seen.memory_after_event, judged),
        sections.sizes(built, judged),
        sections.calls(seen.cases),
        sections.time_to_boundary(seen.to_boundary, seen.get_role),
        sections.findings(seen.finding_as_json, seen.finding_as_email),
    ]
    machine = f"{os.cpu_count()} processors, load {load_before:.1f} before and {os.getloadavg()[0]:.1f} after"
    return _tell(table, profile, machine, arguments.json)


def _tell(table: list[Section], profile: Profile, machine: str, file: Path | None) -> int:
    print(f"Ringfence, profile {profile.value}, plain cargo build; {machine}\n")
    print(as_text(table))
    over = exceeded(table)
    if file is not None:
        document = {"profile": profile.value, "machine": machine, "sections": as_data(table)}
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    judged = sum(figure.limit is not None for section in table for figure in section.figures)
    print(f"\n{judged - len(over)} of {judged} budgets kept" + "".join(f"\nEXCEEDED: {figure.name}" for figure in over))
    return 1 if over else 0
