"""The base of all devices: equations with parameters in SI, and a window of conductance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..equations.model import AbstractModel

__all__ = ["Device"]


class Device(AbstractModel):
    """A two-terminal device whose conductance remembers.

    A subclass declares its texts and its parameters (`Parameter`, in SI units) as class
    attributes, and takes values for them: ``VTEAM(r_on=100.0)``. There are three kinds:
    `DynamicDevice`, a state with a differential equation; `PulsedDevice`, a conductance with a step
    per pulse; `StatisticalDevice`, what arrays on a chip were measured to do.

    Attributes
    ----------
    g_min, g_max
        Window of conductance in S, from the parameters.
    """

    dimensionless = True
    #: Pulses that raise and lower conductance, unless told otherwise: volts and seconds.
    set_voltage: ClassVar[float] = 1.0
    reset_voltage: ClassVar[float] = -1.0
    pulse_width: ClassVar[float] = 1e-6
    #: Volts at which its conductance is read.
    v_read: ClassVar[float] = 0.1
    initial: Mapping[str, Any] = {}

    def __init__(self, **values: Any) -> None:
        #: What it was made of, as given: for files.
        self.given = values
        self._set_up(self.declared_parameters(), values)

    def to_dict(self) -> dict[str, Any]:
        """It as plain data: its name, and the numbers that it was made of."""
        values = {name: self.values.get(name, value) for name, value in self.given.items()}
        return {"kind": type(self).__name__, "values": values}

    @property
    def g_min(self) -> float:
        """The least conductance, in S."""
        raise NotImplementedError

    @property
    def g_max(self) -> float:
        """The greatest conductance, in S."""
        raise NotImplementedError
