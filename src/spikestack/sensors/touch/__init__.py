"""Touch: taxels with four afferents each, or a patch of skin with all of its own."""

from .models import DENSITIES, KINDS, MODELS, AfferentModel
from .patch import SkinPatch
from .receptive_fields import receptive_field
from .taxels import AFFERENTS, Skin

__all__ = [
    "AFFERENTS",
    "DENSITIES",
    "KINDS",
    "MODELS",
    "AfferentModel",
    "Skin",
    "SkinPatch",
    "receptive_field",
]
