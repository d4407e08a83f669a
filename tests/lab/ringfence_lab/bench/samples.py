"""Medians and percentiles of repeated measurements."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Samples:
    """Repeated measurements of one thing, in milliseconds."""

    values: list[float]

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    @property
    def fastest(self) -> float:
        """The smallest measurement."""
        return min(self.values)

    @property
    def p95(self) -> float:
        """The smallest measurement that 95 % of them do not exceed."""
        return sorted(self.values)[math.ceil(0.95 * len(self.values)) - 1]

    def __str__(self) -> str:
        return f"fastest {self.fastest:.1f}, median {self.median:.1f}, p95 {self.p95:.1f} ms, n {len(self.values)}"
