"""The base of structural rules: which synapses are formed and removed while the network runs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from ..equations.model import AbstractModel, Parameter
from ..errors import ValidationError
from ..units import Unit
from ..values import support
from .base import PlasticityRule, WeightParameter, coherent_values
from .wiring import Change, Wiring

__all__ = ["StructuralRule"]

#: The texts of traces that a structural rule may declare.
_TEXTS = ("pre_traces", "post_traces", "pre_spike", "post_spike")


class _Traces(PlasticityRule):
    """The traces of a structural rule, as engines integrate them; it changes no weight."""

    changes_weights = False


class StructuralRule(AbstractModel):
    """A rule by which synapses are formed and removed, at multiples of an interval.

    A subclass declares parameters as class attributes, texts of the traces that it reads, in the
    same words as `PlasticityRule`, and `change`, which says what is removed and what is formed.
    Rules are found in files by the name of their class.

    Parameters
    ----------
    values
        Parameters that differ from the declared ones; one number for all neurons. True and False
        stand for 1 and 0.

    Raises
    ------
    UnitError, UnknownNameError, ValidationError
        If a value cannot be meant.
    """

    pre_traces: ClassVar[str] = ""
    post_traces: ClassVar[str] = ""
    pre_spike: ClassVar[str] = ""
    post_spike: ClassVar[str] = ""
    #: Every structural rule that has been defined, by name.
    known: ClassVar[dict[str, type[StructuralRule]]] = {}

    interval = Parameter(
        100.0, "ms", low=0, low_open=True, meaning="between two changes of the synapses"
    )

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        own = __name__.rpartition(".")[0]
        holder = StructuralRule.known.get(cls.__name__)
        if getattr(holder, "__module__", "").startswith(own) and not cls.__module__.startswith(own):
            raise ValidationError(
                f"class {cls.__name__}",
                "Spikestack has a structural rule of this name",
                "a name of its own, as files find rules by name",
            )
        StructuralRule.known[cls.__name__] = cls

    def __init__(self, **values: Any) -> None:
        plain = {k: float(v) if isinstance(v, bool) else v for k, v in values.items()}
        self._set_up(self.declared_parameters(), plain)
        for name, value in self.values.items():
            if not isinstance(value, float):
                raise ValidationError(
                    f"{self.label}.{name}", "several values", "one number for all neurons"
                )
        self.traces()

    def traces(self, least: float = 0.0, most: float = 1.0) -> PlasticityRule:
        """The traces that it reads, as a rule that leaves weights between `least` and `most`."""
        kept = {k: p for k, p in self.parameters.items() if k not in ("interval", "w_min", "w_max")}
        return _Traces(
            **{name: getattr(self, name) for name in _TEXTS},
            parameters=kept,
            name=self.label,
            **{name: self.values[name] for name in kept},
            w_min=least,
            w_max=most,
        )

    def number(self, name: str) -> float:
        """The value of a parameter, in its declared unit."""
        return float(support(self.values[name])[0])

    def coherent(self, unit: Unit) -> dict[str, float]:
        """Parameters in coherent units, given the unit of the weights."""
        return coherent_values(self, unit)

    def new_weights(self) -> tuple[float, ...]:
        """The weights that new synapses may have, in the unit of the synapse's weight."""
        return tuple(
            self.number(name)
            for name, parameter in self.parameters.items()
            if name == "w_new" and isinstance(parameter, WeightParameter)
        )

    def check_use(self, where: str) -> None:
        """Raise ValidationError if the rule would do nothing, or could not be meant, in use."""

    def most_sources(self) -> float:
        """The synapses that a target may get to have, of its own accord; 0 if no more than now."""
        return 0.0

    def elements(self, wiring: Wiring) -> np.ndarray:
        """What the rule keeps of neurons between its rounds, at t = 0: float64, flat."""
        return np.zeros(0)

    @abstractmethod
    def change(self, wiring: Wiring) -> Change:
        """What is removed and what is formed, now.

        Parameters
        ----------
        wiring
            The synapses, traces and parameters; ``wiring.elements`` may be written to. Whatever is
            random comes from ``wiring.uniform``.
        """
