"""What must be there before anything can be built, each with the way to get it.

Uses the standard library only and runs by itself, so that a Makefile can ask before it makes virtual environments:
`python3 tests/lab/ringfence_lab/demo/prerequisites.py` prints what is missing and exits with 2.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

MISSING_EXIT_CODE = 2
_MINIMUM_PYTHON = (3, 11)
_PROJECT_ROOT = Path(__file__).resolve().parents[4]
_RUST_VERSION = re.compile(r'^rust-version *= *"([0-9.]+)"', re.MULTILINE)


def missing_for_building() -> list[str]:
    """What the machine lacks, one sentence each; looks at PATH, and runs cargo, which may fetch the pinned toolchain."""
    problems = [_python(sys.version_info[:2]), _platform(sys.platform), _c_compiler(), _cargo()]
    return [problem for problem in problems if problem]


def missing_modules() -> list[str]:
    """What this Python lacks to run the lab."""
    absent = [name for name in ("boto3", "ministack", "samtranslator") if importlib.util.find_spec(name) is None]
    if not absent:
        return []
    return [
        f"this Python has no {', '.join(absent)}: start with `make demo` or `make lab`, which install them, "
        "or install tests/lab/requirements-lab.txt"
    ]


def _python(version: tuple[int, ...]) -> str | None:
    if version >= _MINIMUM_PYTHON:
        return None
    wanted = ".".join(map(str, _MINIMUM_PYTHON))
    return (
        f"Python is {version[0]}.{version[1]}, and the lab needs {wanted} or newer: install it and run "
        f"`make PYTHON=python{wanted} demo`, or put it first on PATH as python3"
    )


def _platform(platform: str) -> str | None:
    if platform == "linux":
        return None
    return "the lab needs Linux, because it runs Lambda functions as processes: use a Linux machine, container or WSL"


def _virtual_environments() -> str | None:
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return None
    return "this Python cannot make virtual environments: on Debian and Ubuntu, `sudo apt-get install python3-venv`"


def _c_compiler() -> str | None:
    if shutil.which("cc"):
        return None
    return "there is no C compiler `cc`, which Rust needs to link: on Debian and Ubuntu, `sudo apt-get install gcc libc6-dev`"


def _cargo() -> str | None:
    if shutil.which("cargo") is None:
        return (
            "there is no `cargo` on PATH: install Rust from https://rustup.rs, open a new shell "
            "(or run `. ~/.cargo/env`), and run this again"
        )
    # In the project folder, so that rustup looks at rust-toolchain.toml.
    asked = subprocess.run(
        ["cargo", "--version"], cwd=_PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    found = re.match(r"cargo ([0-9.]+)", asked.stdout)
    if asked.returncode != 0 or found is None:
        reason = asked.stderr.strip().splitlines()
        return f"`cargo --version` fails in {_PROJECT_ROOT}: {reason[-1] if reason else 'it says nothing'}"
    wanted = _RUST_VERSION.search((_PROJECT_ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    if wanted and _numbers(found.group(1)) < _numbers(wanted.group(1)):
        return f"cargo is {found.group(1)}, and the project needs {wanted.group(1)} or newer: `rustup update`"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def main() -> int:
    """Say what is missing for a first run from a plain Python."""
    problems = missing_for_building() + [problem for problem in [_virtual_environments()] if problem]
    for problem in problems:
        print(f"missing: {problem}", file=sys.stderr)
    return MISSING_EXIT_CODE if problems else 0


if __name__ == "__main__":
    sys.exit(main())
