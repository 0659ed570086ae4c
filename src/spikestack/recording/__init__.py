"""What a run gives back: spikes, traces and where they came from, as plain arrays with units."""

from .recording import Recording
from .records import Records
from .spikes import SpikeRecord
from .structure import StructureRecord
from .trace import Trace

__all__ = ["Recording", "Records", "SpikeRecord", "StructureRecord", "Trace"]
