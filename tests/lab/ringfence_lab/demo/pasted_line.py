"""A line for a shell with AWS CLI 2, as e-mails of Ringfence have it: the calls that it makes, read by a real shell.

Version 2 of the AWS CLI is in no package registry. A stand-in for `aws` notes its arguments; boto3 then makes the calls.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..server_process import REGION

# `aws sts get-caller-identity` says who pastes; every other call's arguments are printed, a line feed after the last.
_STAND_IN = r"""aws() { if [ "$1" = sts ]; then echo "$CALLER"; return; fi; printf '%s\0' "$@"; printf '\n\0'; }"""
_SHELL_SECONDS = 10.0
_JSON: Callable[[str], Any] = json.loads
# What may be called: boto3's names for it, and for the options.
_OPERATIONS: dict[tuple[str, str], tuple[str, dict[str, tuple[str, Callable[[str], Any]]]]] = {
    ("dynamodb", "put-item"): ("PutItem", {"--table-name": ("TableName", str), "--item": ("Item", _JSON)}),
    ("dynamodb", "delete-item"): ("DeleteItem", {"--table-name": ("TableName", str), "--key": ("Key", _JSON)}),
    ("lambda", "invoke"): ("Invoke", {"--function-name": ("FunctionName", str), "--payload": ("Payload", str.encode)}),
}
# Options of the CLI itself, with the only value that is right here.
_SETTINGS = {"--region": REGION, "--cli-binary-format": "raw-in-base64-out"}
# Where the CLI writes what a function answers.
_ANSWER_FILE = "/dev/stdout"


class UnreadableLine(Exception):
    """The line is no shell, or makes a call that is not known here."""


@dataclass(frozen=True)
class PastedCall:
    """A call of a line, in boto3's words."""

    service: str
    operation: str
    parameters: dict[str, Any]


def calls_of(line: str, caller: str) -> list[PastedCall]:
    """The calls that a line makes, in order, when the one with the ARN `caller` pastes it. Raises UnreadableLine."""
    try:
        # Nothing but the shell itself and the stand-in can be run by it.
        shell = subprocess.run(
            ["/bin/sh", "-c", f"{_STAND_IN}\n{line}"], env={"CALLER": caller, "PATH": "/nonexistent"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SHELL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableLine(f"the shell is not through with `{line}`") from error
    if shell.returncode != 0 or shell.stderr:
        raise UnreadableLine(f"the shell cannot run `{line}`: {shell.stderr.strip()}")
    calls: list[list[str]] = [[]]
    for argument in shell.stdout.split("\0")[:-1]:
        if argument == "\n":
            calls.append([])
        else:
            calls[-1].append(argument)
    return [_call(arguments) for arguments in calls[:-1]]


def _call(arguments: Sequence[str]) -> PastedCall:
    said = " ".join(["aws", *arguments])
    known = _OPERATIONS.get((arguments[0], arguments[1])) if len(arguments) > 1 else None
    if known is None:
        raise UnreadableLine(f"nobody here knows `{said}`")
    operation, names = known
    rest = [argument for argument in arguments[2:] if argument != _ANSWER_FILE]
    options = dict(zip(rest[::2], rest[1::2]))
    unknown = [name for name, value in options.items() if name not in names and _SETTINGS.get(name) != value]
    if len(rest) % 2 or unknown or not names.keys() <= options.keys():
        raise UnreadableLine(f"options are missing or unknown in `{said}`")
    try:
        parameters = {name: read(options[option]) for option, (name, read) in names.items()}
    except ValueError as error:
        raise UnreadableLine(f"no JSON in `{said}`") from error
    return PastedCall(arguments[0], operation, parameters)
