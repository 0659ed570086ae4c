"""Dynamic vision sensors: scenes, models of pixels, and the events that they make of them."""

from .base import DVS
from .esim import ESIM
from .saccades import Saccades, saccades
from .scenes import (
    DriftingGrating,
    Flicker,
    Frames,
    MovingBar,
    MovingTexture,
    Ramp,
    Scene,
    texture,
)
from .stream import LabelledEvents, Stream
from .v2e import V2E
from .voltmeter import Voltmeter

__all__ = [
    "DVS",
    "ESIM",
    "V2E",
    "DriftingGrating",
    "Flicker",
    "Frames",
    "LabelledEvents",
    "MovingBar",
    "MovingTexture",
    "Ramp",
    "Saccades",
    "Scene",
    "Stream",
    "Voltmeter",
    "saccades",
    "texture",
]
