"""The deployment package of `orders-api`."""

from __future__ import annotations

import io
import shlex
import sys
import zipfile
from pathlib import Path

_CODE = Path(__file__).with_name("orders_api_function.py")


def deployment_package() -> bytes:
    """A zip for `provided.al2023` whose bootstrap runs the code with this very Python, which has boto3."""
    # Not a `#!` line of Python's: those have a length limit and cannot hold blanks.
    bootstrap = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -B "$(dirname "$0")/{_CODE.name}"\n'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, bootstrap)
        archive.writestr(_CODE.name, _CODE.read_text(encoding="utf-8"))
    return buffer.getvalue()
