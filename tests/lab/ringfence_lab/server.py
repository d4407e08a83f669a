"""The server process: serves the lab on an inherited socket until it is told to stop.

Started by `server_process`, which gives it a clean environment: Lambda children and MiniStack's settings come from it.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import importlib
import logging
import os
import shutil
import signal
import sys

# `ministack` is the bare account, for the canaries: it shows whether a gap is still there.
APPLICATIONS = ("lab", "ministack")
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Run until SIGTERM or SIGINT, or until the process that started it is gone."""
    parser = argparse.ArgumentParser(prog="ringfence_lab.server")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--application", choices=APPLICATIONS, required=True)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    # MiniStack warns of much that is as it should be here (no Docker, no cryptography package).
    level = logging.INFO if arguments.verbose else logging.ERROR
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if not arguments.verbose:
        # The stack's events carry the same reason to whoever deploys.
        logging.getLogger("cloudformation").setLevel(logging.CRITICAL)
    logging.getLogger("ringfence_lab").setLevel(logging.INFO if arguments.verbose else logging.WARNING)
    try:
        asyncio.run(_serve(arguments.fd, arguments.application))
    finally:
        _end_children()
    return 0


async def _serve(descriptor: int, application: str) -> None:
    # Imported here: MiniStack reads the environment and sets up logging on import, which is too much for `--help`.
    import hypercorn.asyncio
    import hypercorn.config

    module = importlib.import_module("ringfence_lab.application" if application == "lab" else "ministack.app")
    config = hypercorn.config.Config()
    config.bind = [f"fd://{descriptor}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = "WARNING"
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await hypercorn.asyncio.serve(module.app, config, shutdown_trigger=stop.wait)


def _end_children() -> None:
    if "ministack.core.lambda_runtime" in sys.modules:
        from . import function_processes

        function_processes.kill_all()
    # The starter removes it as well, unless it was killed.
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    # Threads of invocations need not be waited for.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
