"""Learning rules besides back-propagation through time."""

from __future__ import annotations

from .base import LearningRule
from .eventprop import EventProp

__all__ = ["EventProp", "LearningRule"]
