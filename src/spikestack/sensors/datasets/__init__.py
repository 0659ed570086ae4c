"""Recordings to learn from: labelled samples, real and synthetic, with splits that do not change.

`Samples` are changed by `map`, kept by `cached`, and come as arrays by `batches`.
"""

from .base import Samples, data_folder, samples_from
from .braille_letters import braille
from .caching import cache_folder, cached, clear_cache
from .heart_record import beats, heartbeats
from .images_seen import digits_seen, mnist_seen
from .nab_series import nab
from .nmnist import nmnist_small
from .speech import spoken_digits
from .synthetic_moves import synthetic_motion
from .synthetic_sound import synthetic_sounds
from .synthetic_spikes import synthetic_patterns
from .synthetic_touches import synthetic_touch

__all__ = [
    "Samples",
    "beats",
    "braille",
    "cache_folder",
    "cached",
    "clear_cache",
    "data_folder",
    "digits_seen",
    "heartbeats",
    "mnist_seen",
    "nab",
    "nmnist_small",
    "samples_from",
    "spoken_digits",
    "synthetic_motion",
    "synthetic_patterns",
    "synthetic_sounds",
    "synthetic_touch",
]
