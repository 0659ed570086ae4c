"""NeuroBench's tasks in small, on data that are made here or supplied."""

from __future__ import annotations

from .keywords import Session, Sessions, few_shot_digits
from .mackey_glass import Forecast, forecast, mackey_glass

__all__ = ["Forecast", "Session", "Sessions", "few_shot_digits", "forecast", "mackey_glass"]
