"""What learning rules have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ...errors import ValidationError
from ..module import SpikingNetwork

__all__ = ["LearningRule", "refuse_device"]


class LearningRule(ABC):
    """A way to gradients of a module's weights that is not back-propagation through time.

    Parameters
    ----------
    module
        Made by `Network.compile`; its parameters are what the rule fills with gradients.

    Attributes
    ----------
    outputs
        What the network answered in the last call, (trials, neurons); the largest is the choice.
    """

    def __init__(self, module: SpikingNetwork) -> None:
        refuse_device(module)
        self.module = module
        self.outputs: Any = None

    @abstractmethod
    def gradients(self, inputs: Any, targets: Any) -> float:
        """Add to ``.grad`` of the module's parameters, as ``loss.backward()`` does.

        Parameters
        ----------
        inputs
            As the rule takes them.
        targets
            What the outputs should be.

        Returns
        -------
        float
            The loss, a mean over trials.
        """

    @abstractmethod
    def answers(self, inputs: Any) -> Any:
        """What the network answers, (trials, neurons), without learning."""

    @staticmethod
    def _add(parameter: Any, grad: Any) -> None:
        grad = grad.to(parameter.dtype).reshape(parameter.shape)
        parameter.grad = grad if parameter.grad is None else parameter.grad + grad


def refuse_device(module: SpikingNetwork) -> None:
    """Refuse a module that is not on the processor, for which alone rules have kernels."""
    if module.device.type != "cpu":
        raise ValidationError("learning rule, module", f"is on {str(module.device)!r}",
                              "the processor", "module.to('cpu'), or learn by fit")  # fmt: skip
