"""Command line of the lab: `python -m ringfence_lab --help`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import unittest
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from . import calls, record_dashboard, runbook
from .bench import command as bench
from .bench import scale
from .demo import command as demo
from .demo.observer import Observer
from .replay import command as replay
from .deployment import Deployment, cache_directory
from .errors import LabError
from .server_process import ACCOUNT, REGION, LabServer, client_environment, is_healthy

_LAB_ROOT = Path(__file__).resolve().parent.parent
_PROJECT_ROOT = _LAB_ROOT.parent.parent
_FAILED = 1
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (1 for a failure of the lab, 2 for wrong usage)."""
    parsed = _parser().parse_args(arguments)
    if sys.platform != "linux":
        print("the lab needs Linux: it runs functions as processes and looks at /proc", file=sys.stderr)
        return _FAILED
    signal.signal(signal.SIGTERM, _terminate)
    try:
        return int(parsed.command(parsed))
    except LabError as error:
        print(f"ringfence_lab: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED


def _terminate(number: int, _: FrameType | None) -> None:
    """Leave through every `with` and `finally`."""
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ringfence_lab", description="A local AWS account for Ringfence. AWS itself is never contacted."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = _command(commands, "serve", _serve, "start the account and keep it until it is stopped")
    serve.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: 0, any free one)")
    serve.add_argument("--print-env", action="store_true", help="print the variables for clients as shell exports too")
    serve.add_argument("--die-with-parent", action="store_true", help="stop with the parent or standard input")

    build = _command(commands, "build", _build, "sam build, with the workspace's fast profile")
    _add_deployment(build)

    deploy = _command(commands, "deploy", _deploy, "sam build and sam deploy into a running account")
    deploy.add_argument("--url", required=True, help="address that `serve` printed")
    _add_deployment(deploy)

    delete = _command(commands, "delete", _delete, "sam delete in a running account")
    delete.add_argument("--url", required=True, help="address that `serve` printed")
    _add_deployment(delete)

    run = _command(commands, "run", _run, "start, deploy, run a command, stop")
    run.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: 0, any free one)")
    _add_deployment(run)
    run.add_argument("--no-deploy", action="store_true", help="run the command in an empty account")
    run.add_argument("child", nargs="+", metavar="COMMAND", help="what to run, after `--`; its exit code is returned")

    call = _command(commands, "call", _call, "make API calls read as JSON lines, print what came of each")
    call.add_argument("--url", required=True, help="address that `serve` printed")
    call.add_argument("--role", help="ARN of the role to assume first (default: as the root user)")
    call.add_argument("--session", default="calls", help="name of the role's session; Lambda gives it its function's (default: calls)")
    call.add_argument("--region", default=REGION, help="default: %(default)s")

    reset = _command(commands, "reset", _reset, "wipe a running account, the deployed stack included")
    reset.add_argument("--url", required=True, help="address that `serve` printed")

    runbook_parser = _command(commands, "runbook", _runbook, "run the commands of a page that are marked `sh lab`, in a running account")
    runbook_parser.add_argument("--url", required=True, help="address that `serve` printed")
    runbook_parser.add_argument("page", type=Path)

    settle = _command(commands, "settle", _settle, "wait until nothing is under way in a running account")
    settle.add_argument("--url", required=True, help="address that `serve` printed")

    _command(commands, "canaries", _canaries, "check every patch of MiniStack: needed, in place and working")
    _command(commands, "demo", demo.demo, "tell in the terminal what Ringfence does, from a deployment to a restored boundary")
    lab = _command(commands, "lab", demo.lab, "build, start, deploy, and stay up until Ctrl-C")
    lab.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: 0, any free one)")
    replay.add_arguments(_command(commands, "replay", replay.run, "one event through the real functions, in a local account"))
    scale.add_arguments(_command(commands, "scale", scale.run, "sweeps of accounts of several sizes, as a table"))
    bench.add_arguments(_command(commands, "bench", bench.run, "counts and ratios, held against budgets"))

    record = _command(commands, "record-dashboard", _record_dashboard, "play incidents, keep the metrics for docs/dashboard.svg")
    _add_deployment(record)
    record_dashboard.add_arguments(record)
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=summary)
    parser.add_argument("-v", "--verbose", action="store_true", help="show what the tools and the server say")
    parser.set_defaults(command=run)
    return parser


def _add_deployment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--template", type=Path, default=_PROJECT_ROOT / "template.yaml", help="default: the project's")
    parser.add_argument("--stack-name", default="ringfence")
    parser.add_argument("--param", action="append", default=[], metavar="NAME=VALUE", help="template parameter")
    parser.add_argument("--built", action="store_true", help="deploy what was built before")
    parser.add_argument("--build-dir", type=Path, default=None, help="default: $RINGFENCE_CACHE/sam-build")


def _serve(arguments: argparse.Namespace) -> int:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if arguments.die_with_parent:
        threading.Thread(target=_watch_parent, args=(stopped,), daemon=True).start()
    with LabServer(arguments.port, arguments.verbose) as server:
        print(json.dumps({"url": server.url, "account": ACCOUNT, "region": REGION}), flush=True)
        if arguments.print_env:
            for name, value in server.client_environment().items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
        while not stopped.is_set():
            if (code := server.wait(0.2)) is not None:
                raise LabError(f"the server ended by itself with code {code}; run with `-v` to see why")
    return 0


def _watch_parent(stopped: threading.Event) -> None:
    parent = os.getppid()
    watch_input = not sys.stdin.isatty()
    while not stopped.is_set():
        if os.getppid() != parent:
            break
        if watch_input:
            readable, _, _ = select.select([sys.stdin], [], [], 0.2)
            if readable and not os.read(sys.stdin.fileno(), 1024):
                break
        else:
            stopped.wait(0.2)
    stopped.set()


def _build(arguments: argparse.Namespace) -> int:
    _deployment(arguments).build()
    return 0


def _deploy(arguments: argparse.Namespace) -> int:
    _demand_lab(arguments.url)
    deployment = _deployment(arguments)
    if not arguments.built:
        deployment.build()
    deployment.deploy(client_environment(arguments.url))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    _demand_lab(arguments.url)
    _deployment(arguments).delete(client_environment(arguments.url))
    return 0


def _demand_lab(url: str) -> None:
    if not is_healthy(url):
        raise LabError(f"no lab answers at `{url}`; start one with `serve` and use the address it prints")


def _run(arguments: argparse.Namespace) -> int:
    deployment = _deployment(arguments)
    if not arguments.built and not arguments.no_deploy:
        deployment.build()
    with LabServer(arguments.port, arguments.verbose) as server:
        environment = server.client_environment()
        if not arguments.no_deploy:
            deployment.deploy(environment)
        return _run_child(arguments.child, {
            **os.environ, **environment, "RINGFENCE_LAB_STACK": arguments.stack_name,
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        })


def _run_child(command: list[str], environment: dict[str, str]) -> int:
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise LabError(f"`{command[0]}` cannot be run ({error.strerror})") from error

    def pass_on(number: int, _: FrameType | None) -> None:
        # A terminal sends SIGINT to the child as well; it decides what to do, and the server stops after it.
        if number != signal.SIGINT:
            child.send_signal(number)

    previous = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        code = child.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _deployment(arguments: argparse.Namespace) -> Deployment:
    parameters = {}
    for assignment in arguments.param:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise LabError(f"`--param {assignment}` is not of the form NAME=VALUE")
        parameters[name] = value
    return Deployment(
        template=arguments.template.absolute(),
        stack_name=arguments.stack_name,
        parameters=parameters,
        build_directory=(arguments.build_dir or cache_directory() / "sam-build").absolute(),
        verbose=arguments.verbose,
    )


def _call(arguments: argparse.Namespace) -> int:
    made = calls.make(arguments.url, map(json.loads, sys.stdin), arguments.role, arguments.region, arguments.session)
    for came_of_it in made:
        print(json.dumps(came_of_it), flush=True)
    return 0


def _record_dashboard(arguments: argparse.Namespace) -> int:
    deployment = _deployment(arguments)
    if not arguments.built:
        deployment.build()
    record_dashboard.record(deployment, arguments.output, arguments.verbose)
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    request = urllib.request.Request(f"{arguments.url}/_ministack/reset", method="POST")
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except (urllib.error.URLError, OSError) as error:
        raise LabError(f"the lab at `{arguments.url}` was not reset ({error})") from error
    return 0


def _runbook(arguments: argparse.Namespace) -> int:
    _demand_lab(arguments.url)
    return runbook.run(arguments.page, arguments.url)


def _settle(arguments: argparse.Namespace) -> int:
    _demand_lab(arguments.url)
    if not Observer(arguments.url).wait_until_idle():
        raise LabError("something is still under way after 30 s")
    return 0


def _canaries(arguments: argparse.Namespace) -> int:
    logging.disable(logging.WARNING)
    sys.path.insert(0, str(_LAB_ROOT))
    suite = unittest.defaultTestLoader.discover(str(_LAB_ROOT / "canaries"), top_level_dir=str(_LAB_ROOT))
    result = unittest.TextTestRunner(verbosity=2 if arguments.verbose else 1).run(suite)
    failed = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - failed - len(result.skipped)} passed, {failed} failed, {len(result.skipped)} skipped")
    return 0 if failed == 0 and result.testsRun > 0 else _FAILED
