"""The binaries that are measured: every function of the project and, beside them, one that does nothing.

Built by plain cargo for this machine. `sam build` uses the same profile, and zig as linker for the C library of Amazon
Linux.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import LabError

_LAB_ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT_ROOT = _LAB_ROOT.parent.parent
_EMPTY_CRATE = _LAB_ROOT / "empty-function"
EMPTY = "empty-function"
# What makes the comparison one of like with like.
_SAME_VERSIONS = ("lambda_runtime", "tokio")


@dataclass(frozen=True)
class Built:
    """One bootstrap. Sizes in bytes; `zipped` as SAM zips it (deflate, default level)."""

    function: str
    binary: Path
    size: int
    zipped: int


@dataclass(frozen=True)
class Builds:
    """Everything that was built with one profile."""

    functions: list[Built]
    empty: Built


def build(profile: str, work_directory: Path) -> Builds:
    """Compile with a profile of the workspace; `work_directory` gets the zip files."""
    _check_versions()
    names = sorted(path.parent.name for path in (PROJECT_ROOT / "functions").glob("*/Cargo.toml"))
    if not names:
        raise LabError(f"there are no functions in `{PROJECT_ROOT / 'functions'}`; run from a whole checkout")
    target = _target_directory()
    if not (target / profile / names[0]).exists():
        print(
            f"the first build with profile `{profile}` takes minutes: about 8 for `release` on two idle cores",
            file=sys.stderr,
        )
    packages = [argument for name in names for argument in ("--package", name)]
    _cargo(profile, PROJECT_ROOT, target, [*packages, "--bins"])
    _cargo(profile, _EMPTY_CRATE, target, _profile_settings(profile))
    built = {name: _measure(name, target / profile / name, work_directory) for name in [*names, EMPTY]}
    empty = built.pop(EMPTY)
    return Builds(list(built.values()), empty)


def deployable(builds: Builds, build_directory: Path) -> None:
    """Lay the binaries out as `sam build` would, for a deployment of the unchanged template."""
    root = build_directory / "build"
    root.mkdir(parents=True, exist_ok=True)
    (root / "template.yaml").write_bytes((PROJECT_ROOT / "template.yaml").read_bytes())
    for built in builds.functions:
        # The template's own CodeUri.
        folder = root / "functions" / built.function
        folder.mkdir(parents=True, exist_ok=True)
        bootstrap = folder / "bootstrap"
        bootstrap.unlink(missing_ok=True)
        bootstrap.write_bytes(built.binary.read_bytes())
        bootstrap.chmod(0o755)


def _cargo(profile: str, crate: Path, target: Path, arguments: list[str]) -> None:
    started = time.monotonic()
    print(f"cargo build --profile {profile} in {crate} …", file=sys.stderr, flush=True)
    command = ["cargo", "build", "--locked", "--profile", profile, "--target-dir", str(target), *arguments]
    # Cargo's own progress goes to the terminal; --quiet would hide it.
    result = subprocess.run(command, cwd=crate, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if result.returncode != 0:
        raise LabError(f"`cargo build` in `{crate}` ended with code {result.returncode}; its output is above")
    print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)


def _target_directory() -> Path:
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    result = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=False)
    if result.returncode != 0:
        raise LabError("`cargo metadata` failed; its output is above")
    return Path(json.loads(result.stdout)["target_directory"])


def _measure(name: str, binary: Path, work_directory: Path) -> Built:
    archive = work_directory / f"{name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(binary, "bootstrap")
    return Built(name, binary, binary.stat().st_size, archive.stat().st_size)


def _profile_settings(profile: str) -> list[str]:
    """The workspace's profile as `--config` arguments, so that there is no second copy of it that could differ."""
    profiles = _toml(PROJECT_ROOT / "Cargo.toml").get("profile", {})
    wanted = [profile]
    while (base := profiles.get(wanted[-1], {}).get("inherits")) is not None:
        wanted.append(base)
    settings = [
        f"profile.{name}.{key}={json.dumps(value)}"
        for name in wanted
        for key, value in profiles.get(name, {}).items()
        if not isinstance(value, dict)
    ]
    return [argument for setting in settings for argument in ("--config", setting)]


def _check_versions() -> None:
    ours, theirs = (_locked(folder / "Cargo.lock") for folder in (PROJECT_ROOT, _EMPTY_CRATE))
    for name in _SAME_VERSIONS:
        if ours.get(name) != theirs.get(name):
            raise LabError(
                f"the empty function is locked to {name} {theirs.get(name)}, the project to {ours.get(name)}; "
                f"run `cargo update -p {name} --precise {ours.get(name)}` in `{_EMPTY_CRATE}`"
            )


def _locked(lock: Path) -> dict[str, str]:
    return {package["name"]: package["version"] for package in _toml(lock)["package"]}


def _toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
