"""Requests count as encrypted (`aws:SecureTransport`), as every call to an AWS endpoint by an SDK is.

The lab speaks plain HTTP over loopback. Without this, the usual "deny what is not encrypted" statements of queue and
topic policies would refuse everything, MiniStack's own deliveries included.
"""

from __future__ import annotations

from contextvars import ContextVar

from ministack import app as ministack_app
from ministack.core import iam_evaluator


def apply() -> None:
    """Change the default, for work that no request started, and what requests set."""
    iam_evaluator._request_origin = ContextVar("ringfence_lab_request_origin", default=("127.0.0.1", True))
    pin = iam_evaluator.pin_request_origin

    def pin_as_encrypted(source_ip: str, _secure: bool) -> None:
        pin(source_ip, True)

    iam_evaluator.pin_request_origin = pin_as_encrypted
    ministack_app.pin_request_origin = pin_as_encrypted
