"""What other tools call the parameters and models here: one file per tool, a name a line.

To add a parameter's name, add a line to `PARAMETERS` of the tool's file: their name, ours, and the
unit that a plain number has there. To add a model's name, add a line to its `MODELS`. No other
place knows them: constructors, messages and ``spikestack describe`` read these tables.
"""

from __future__ import annotations

from .models import named, pointer
from .reading import read_aliases

__all__ = ["named", "pointer", "read_aliases"]
