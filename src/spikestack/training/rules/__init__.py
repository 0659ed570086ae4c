"""Learning rules besides back-propagation through time."""

from __future__ import annotations

from .base import LearningRule
from .decolle import DECOLLE
from .eprop import EProp
from .eventprop import EventProp
from .online import OnlineRule
from .ottt import OTTT, SLTT

__all__ = ["DECOLLE", "OTTT", "SLTT", "EProp", "EventProp", "LearningRule", "OnlineRule"]
