"""Cochleas: sound becomes events of channels, from high to low frequencies or the reverse."""

from .base import Cochlea
from .binaural import interaural_delay
from .carfac import CARFAC
from .das1 import DAS1
from .gammatone import Gammatone
from .lauscher import Lauscher, shd_clip
from .mel_delta import MelDelta

__all__ = [
    "CARFAC",
    "DAS1",
    "Cochlea",
    "Gammatone",
    "Lauscher",
    "MelDelta",
    "interaural_delay",
    "shd_clip",
]
