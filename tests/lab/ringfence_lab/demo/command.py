"""`python -m ringfence_lab demo` and `… lab`: exit codes, signals, and the end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

from ..errors import LabError
from ..server_process import ACCOUNT
from .process_tree import adopt_orphans, end_descendants
from .screen import Screen

_NOT_AS_TOLD = 1
_BROKEN_PIPE = 128 + signal.SIGPIPE
_MAIL_SECONDS = 0.5


class _Stopped(BaseException):
    """A signal that asks us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def demo(arguments: argparse.Namespace) -> int:
    """Tell the story. 0: everything was as told; 1: it was not; 2: something is missing on this machine."""
    return run(lambda screen: _tell(screen, arguments.verbose))


def lab(arguments: argparse.Namespace) -> int:
    """Keep a lab with Ringfence in it until it is stopped, which is its normal end."""
    return run(lambda screen: _stay_up(screen, arguments.port, arguments.verbose))


def _tell(screen: Screen, verbose: bool) -> int:
    from .stage import OPERATOR, ringfence_running

    screen.title(
        "Ringfence: a permissions boundary for every Lambda role, the moment it is deployed",
        "A story. The functions, the template, the deployment and the API calls are real; the AWS account is a local one.",
    )
    screen.blank()
    operators = {"OperatorPrincipals": f"arn:aws:iam::{ACCOUNT}:user/{OPERATOR}"}
    with ringfence_running(screen, 0, verbose, operators) as server:
        # Only here: boto3 may be missing, and `ringfence_running` has looked.
        from .telling import is_as_told

        return 0 if is_as_told(screen, server.url, server.client_environment()) else _NOT_AS_TOLD


def _stay_up(screen: Screen, port: int, verbose: bool) -> int:
    from .stage import ringfence_running

    screen.title("A local AWS account with Ringfence in it", "AWS is not contacted.")
    screen.blank()
    with ringfence_running(screen, port, verbose) as server:
        from .lab_guide import MailReader, print_guide
        from .observer import Observer

        print_guide(screen, server.url, server.client_environment())
        reader = MailReader(screen, Observer(server.url))
        try:
            while (code := server.wait(_MAIL_SECONDS)) is None:
                reader.look()
        except _Stopped as stop:
            screen.clear_update()
            return 0 if stop.exit_code == 128 + signal.SIGINT else stop.exit_code
        raise LabError(f"the lab ended by itself with code {code}; run with `-v` to see why")


def run(body: Callable[[Screen], int]) -> int:
    """Run a command to its end, however it ends, and leave no process behind. Its exit code."""
    adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        return _explained(body)
    except _Stopped as stop:
        print("stopped", file=sys.stderr)
        return stop.exit_code
    except BrokenPipeError:
        # Whoever read the story has left; Python must not try to flush the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    finally:
        _ignore_signals()
        end_descendants()


def _explained(body: Callable[[Screen], int]) -> int:
    from .stage import PrerequisiteMissing
    from .prerequisites import MISSING_EXIT_CODE

    try:
        return body(Screen.of_this_process())
    except PrerequisiteMissing as missing:
        for problem in missing.problems:
            print(f"missing: {problem}", file=sys.stderr)
        return MISSING_EXIT_CODE
    except LabError as error:
        print(f"ringfence_lab: {error}", file=sys.stderr)
        return _NOT_AS_TOLD


def _stop(number: int, _: FrameType | None) -> None:
    """End at once, through every `with`; a second signal does not disturb that."""
    _ignore_signals()
    raise _Stopped(number)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
