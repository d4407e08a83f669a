"""What cargo is doing, told from its processes: `sam build` keeps cargo's own words to itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from .process_tree import command_line, descendants

_LINKERS = {"ld", "ld.lld", "lld", "mold", "rust-lld"}


class CompilerWatch:
    """Looks at the compilers below this process; keeps count of the crates it has seen."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self) -> str:
        """What is going on at this moment, in a few words."""
        return self.describe([command_line(pid) for pid in descendants(os.getpid())])

    def describe(self, commands: Iterable[Sequence[str]]) -> str:
        """The same for given command lines."""
        commands = [command for command in commands if command]
        crates = sorted({name for command in commands if (name := _crate(command))})
        self._seen.update(crates)
        programs = {PurePath(command[0]).name for command in commands}
        if programs & _LINKERS:
            activity = "linking " + ", ".join(crates)
        elif crates:
            activity = "compiling " + ", ".join(crates)
        elif "cargo" in programs:
            activity = "cargo resolves and downloads, or waits for another build"
        else:
            activity = "sam packs and prepares"
        count = f" ({len(self._seen)} crates so far)" if len(self._seen) > 1 else ""
        return activity + count


def _crate(command: Sequence[str]) -> str | None:
    if PurePath(command[0]).name not in ("rustc", "clippy-driver") or "--crate-name" not in command:
        return None
    position = command.index("--crate-name") + 1
    name = command[position] if position < len(command) else "___"
    # Cargo asks the compiler about itself with a crate of this name.
    if name == "___":
        return None
    return "a build script" if name.startswith("build_script") else name.replace("_", "-")
