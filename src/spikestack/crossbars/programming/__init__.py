"""Programming arrays of devices by pulses, with readings in between."""

from __future__ import annotations

from .verifying import Programmed, write_verify

__all__ = ["Programmed", "write_verify"]
