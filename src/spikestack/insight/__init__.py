"""Why a neuron fired or stayed silent, and where two recordings part."""

from .comparing import Comparison, compare
from .explaining import explain
from .explanation import Cause, Explanation, Receptor

__all__ = ["Cause", "Comparison", "Explanation", "Receptor", "compare", "explain"]
