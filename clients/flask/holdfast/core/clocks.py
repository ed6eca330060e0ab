"""Time, read from both clocks at once, so that neither a suspended machine nor a stepped clock lengthens anything."""

from __future__ import annotations

import time
from typing import NamedTuple


class Reading(NamedTuple):
    """Both clocks of this process, in seconds."""

    monotonic: float
    wall: float

    def is_within(self, span: float, earlier: Reading) -> bool:
        """Whether less than ``span`` has passed since ``earlier`` by both clocks. One that went back tells nothing, which is too long."""
        wall = self.wall - earlier.wall
        return self.monotonic - earlier.monotonic < span and 0 <= wall < span


class Clock:
    """The clocks of this machine. Tests give another."""

    def read(self) -> Reading:
        return Reading(time.monotonic(), time.time())
