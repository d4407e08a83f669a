"""moto on an inherited socket. Run as a script by the Python of `venv-moto`, which has nothing of the lab in it."""

from __future__ import annotations

import argparse
import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until the process that started it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    descriptor = parser.parse_args().fd
    # Here, because imports take their time and the parent may be gone before they are done.
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    application = DomainDispatcherApplication(create_backend_app)
    make_server("127.0.0.1", 0, application, threaded=True, fd=descriptor).serve_forever()


if __name__ == "__main__":
    main()
