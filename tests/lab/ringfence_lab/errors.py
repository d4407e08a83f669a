"""Errors that a user of the command line can act on."""

from __future__ import annotations


class LabError(Exception):
    """One sentence that says what is wrong and what to do."""
