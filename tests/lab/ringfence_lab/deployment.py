"""`sam build` and `sam deploy` of a real template into the lab, unchanged but for parameters.

The build uses the workspace's `lab` profile: `SAM_BUILD_MODE=debug` keeps SAM from asking for `--release`, and
`CargoLambda.toml` beside this package names the profile and plain cargo as the compiler.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError

_LAB_ROOT = Path(__file__).resolve().parent.parent
# Lambda children run here: there is no emulation.
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def cache_directory() -> Path:
    """Where virtual environments and builds are kept: `RINGFENCE_CACHE`, or `~/.cache/ringfence`."""
    return Path(os.environ.get("RINGFENCE_CACHE") or Path.home() / ".cache" / "ringfence").absolute()


_ZIPPED = "template-zipped.yaml"


@dataclass(frozen=True)
class Deployment:
    """One template on its way into the lab."""

    template: Path
    stack_name: str
    parameters: Mapping[str, str]
    build_directory: Path
    verbose: bool

    def build(self) -> None:
        """Compile every function of the template."""
        self._sam("building", [
            "build",
            "--template-file", str(self.template),
            "--build-dir", str(self.build_directory / "build"),
            "--cache-dir", str(self.build_directory / "cache"),
            "--parameter-overrides", *self._overrides(),
        ])
        _zip_once(self.build_directory / "build")

    def deploy(self, client_environment: Mapping[str, str]) -> None:
        """Create or update the stack from what was built."""
        built = self.build_directory / "build" / _ZIPPED
        if not built.exists():
            raise LabError(f"there is nothing built in `{self.build_directory}`; run without `--built` first")
        self._sam("deploying", [
            "deploy",
            "--template-file", str(built),
            "--stack-name", self.stack_name,
            "--resolve-s3",
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND",
            "--no-confirm-changeset",
            "--no-fail-on-empty-changeset",
            "--region", client_environment["AWS_REGION"],
            "--parameter-overrides", *self._overrides(),
        ], client_environment)

    def delete(self, client_environment: Mapping[str, str]) -> None:
        """`sam delete`, as README tells a user to."""
        self._sam("deleting", [
            "delete", "--stack-name", self.stack_name, "--no-prompts", "--region", client_environment["AWS_REGION"],
        ], client_environment)

    def _overrides(self) -> list[str]:
        machine = os.uname().machine
        if machine not in _ARCHITECTURES:
            raise LabError(f"the lab cannot run functions on `{machine}`; it knows {', '.join(_ARCHITECTURES)}")
        values = {"Architecture": _ARCHITECTURES[machine], **self.parameters}
        # SAM splits an unquoted value at blanks, and takes an empty one for a mistake.
        return [f'{name}="{value}"' if " " in value or not value else f"{name}={value}" for name, value in values.items()]

    def _sam(self, doing: str, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
        if not self.template.is_file():
            raise LabError(f"there is no template `{self.template}`; name one with `--template`")
        command = [_tool("sam", "venv-sam"), *arguments]
        tools = os.pathsep.join([str(Path(_tool("cargo-lambda", "venv-cargo-lambda")).parent), os.environ["PATH"]])
        started = time.monotonic()
        print(f"{doing} {self.stack_name} …", end=" ", file=sys.stderr, flush=True)
        code, output = _run_tool(command, self.template.parent, self.verbose, {
            **os.environ,
            "PATH": tools,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_BUILD_MODE": "debug",
            # How often to look whether the stack is there; SAM's own 5 s would be most of the time it takes.
            "SAM_CLI_POLL_DELAY": "0.3",
            "CARGO_LAMBDA_GLOBAL": str(_LAB_ROOT / "CargoLambda.toml"),
            # A checkout's own samconfig.toml is for users; a profile of theirs must not reach the lab.
            "SAM_CLI_CONFIG_FILE": os.devnull,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **(environment or {}),
        })
        if code != 0:
            print(f"failed\n{output}", file=sys.stderr)
            raise LabError(f"`sam {arguments[0]}` ended with code {code}; its output is above")
        print(f"{time.monotonic() - started:.1f} s", file=sys.stderr)


def _zip_once(built: Path) -> None:
    """Write the built template once more, with zip files in place of folders.

    `sam deploy` would zip every function again at each deployment, which takes longer than all the rest of it.
    """
    text = (built / "template.yaml").read_text()
    for folder in sorted(path.parent for path in built.glob("*/bootstrap")):
        with zipfile.ZipFile(built / f"{folder.name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(folder / "bootstrap", "bootstrap")
        text = re.sub(rf"^( +CodeUri: ){re.escape(folder.name)}$", rf"\1{folder.name}.zip", text, flags=re.MULTILINE)
    (built / _ZIPPED).write_text(text)


def _run_tool(command: list[str], directory: Path, verbose: bool, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit code and output of a tool. When we are stopped it is stopped with everything it started (compilers)."""
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr if verbose else subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, output or ""


def _tool(name: str, environment: str) -> str:
    """The path of a tool: from its virtual environment in the cache directory, else from PATH."""
    installed = cache_directory() / environment / "bin" / name
    found = str(installed) if installed.exists() else shutil.which(name)
    if found is None:
        raise LabError(f"`{name}` is missing; `make` installs it, or put it on PATH (tests/lab/requirements-*.txt)")
    return found
