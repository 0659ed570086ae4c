"""Senses brought together: as one queue of events, in hidden layers, or as opinions."""

from .cues import RateGate, combine_cues, late_fusion, sharpness
from .dropout import drop_sense
from .queue import JoinedEvents, Lane, join_sensors, lane_units, lanes_of, split_sensors
from .readout import SpikingReadout
from .slots import spike_trials, time_slots

__all__ = [
    "JoinedEvents",
    "Lane",
    "RateGate",
    "SpikingReadout",
    "combine_cues",
    "drop_sense",
    "join_sensors",
    "lane_units",
    "lanes_of",
    "late_fusion",
    "sharpness",
    "spike_trials",
    "split_sensors",
    "time_slots",
]
