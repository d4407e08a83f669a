"""Gets Ringfence running in a local account: looks whether all is there, builds, starts, deploys. Shared by demo and lab."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from ..deployment import Deployment, cache_directory
from ..errors import LabError
from ..server_process import ACCOUNT, LabServer
from . import prerequisites
from .compilers import CompilerWatch
from .progress import Step
from .screen import Screen

FINDINGS_EMAIL = "security@example.com"
STACK_NAME = "ringfence"
# Who is named in the story's OperatorPrincipals.
OPERATOR = "olivia"
_PROJECT_ROOT = Path(__file__).resolve().parents[4]


class PrerequisiteMissing(Exception):
    """The machine lacks something; the sentences say what, and how to get it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@contextlib.contextmanager
def ringfence_running(
    screen: Screen, port: int, verbose: bool, parameters: Mapping[str, str] = MappingProxyType({})
) -> Iterator[LabServer]:
    """A local account with Ringfence deployed in it. `port` 0 is any free one; `parameters` are more of the stack's."""
    asking = "asking cargo; rustup may be fetching the pinned toolchain"
    with Step(screen, "check", "cargo, C compiler, Python packages", lambda: asking):
        problems = prerequisites.missing_for_building() + prerequisites.missing_modules()
        if problems:
            raise PrerequisiteMissing(problems)
    deployment = Deployment(
        template=_PROJECT_ROOT / "template.yaml",
        stack_name=STACK_NAME,
        parameters={"FindingsEmail": FINDINGS_EMAIL, **parameters},
        # Not the tests' folder: they may run at the same time, and `sam build` empties it. Cargo's is the same.
        build_directory=cache_directory() / "sam-build-demo",
        verbose=verbose,
    )
    if not (deployment.build_directory / "build" / "template.yaml").exists():
        screen.say("The first build compiles the AWS SDK for Rust and takes some minutes; later ones take seconds.")
    with Step(screen, "build", "sam build: the Lambda functions, in Rust", CompilerWatch()):
        _without_its_own_words(deployment.build, verbose)
    with contextlib.ExitStack() as stack:
        with Step(screen, "start", f"a local AWS account, {ACCOUNT}"):
            server = stack.enter_context(LabServer(port, verbose))
        with Step(screen, "deploy", f"sam deploy: template.yaml as stack {STACK_NAME}"):
            _without_its_own_words(lambda: deployment.deploy(server.client_environment()), verbose)
        yield server


def _without_its_own_words(do: Callable[[], None], verbose: bool) -> None:
    """Run a part of the deployment, whose progress lines would mix with ours; shown where it fails."""
    if verbose:
        do()
        return
    words = io.StringIO()
    try:
        with contextlib.redirect_stderr(words):
            do()
    except LabError:
        print(words.getvalue(), file=sys.stderr)
        raise
