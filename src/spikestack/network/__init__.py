"""The description of a network: plain data that no engine is needed to make, save or compare."""

from .network import Drive, Network, Probe, Projection
from .population import Population, View

__all__ = ["Drive", "Network", "Population", "Probe", "Projection", "View"]
