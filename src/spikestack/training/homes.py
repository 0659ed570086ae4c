"""Where a network's arrays live: on the processor as NumPy arrays, elsewhere as tensors.

On the processor kernels are Numba's, which take NumPy arrays; those of a CUDA device are Triton's,
which take tensors. Code that runs populations asks a home for its arrays, and knows neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ..errors import MissingExtraError, ValidationError

__all__ = ["HOST", "KERNELS", "DeviceHome", "Home", "copied", "home_of", "refuse"]

#: By type of device, what compiles kernels for it.
KERNELS = {"cpu": "numba", "cuda": "triton"}
_KINDS: dict[Any, torch.dtype] = {
    np.float32: torch.float32, np.float64: torch.float64, np.int32: torch.int32,
    np.uint8: torch.uint8,
}  # fmt: skip


class Home:
    """The processor: NumPy arrays that share memory with tensors."""

    device = torch.device("cpu")
    kernels = "numba"

    def take(self, tensor: Any) -> Any:
        """A tensor as an array, without its history."""
        return tensor.detach().numpy()

    def bare(self, tensor: Any) -> Any:
        """A tensor that has no history as an array."""
        return tensor.numpy()

    def give(self, array: Any) -> Any:
        """An array as a tensor."""
        return torch.from_numpy(array)

    def put(self, array: np.ndarray) -> Any:
        """An array that NumPy made."""
        return array

    def number(self, total: Any, dtype: Any) -> Any:
        """A sum, or several, as a tensor of a precision."""
        return torch.tensor(total, dtype=dtype)

    def empty(self, shape: tuple[int, ...], kind: type) -> Any:
        """An array of a NumPy type, its values whatever they are."""
        return np.empty(shape, kind)

    def zeros(self, shape: tuple[int, ...], kind: type) -> Any:
        """An array of zeros."""
        return np.zeros(shape, kind)

    def copy(self, array: Any) -> Any:
        """Another array of the same values."""
        return array.copy()

    def sum(self, row: Any) -> Any:
        """The sum of all values, in double precision."""
        return row.sum(dtype=np.float64)


class DeviceHome(Home):
    """A device: contiguous tensors on it."""

    kernels = "triton"

    def __init__(self, device: torch.device) -> None:
        self.device = device

    def take(self, tensor: Any) -> Any:
        """The same tensor, without its history."""
        return tensor.detach().contiguous()

    def bare(self, tensor: Any) -> Any:
        """Itself, contiguous."""
        return tensor.contiguous()

    def give(self, array: Any) -> Any:
        """Itself."""
        return array

    def put(self, array: np.ndarray) -> Any:
        """A copy on the device; whole numbers without sign keep their bits."""
        signed = array.view(np.int64) if array.dtype == np.uint64 else array
        return torch.as_tensor(np.ascontiguousarray(signed), device=self.device)

    def number(self, total: Any, dtype: Any) -> Any:
        """In a precision."""
        return total.to(dtype)

    def empty(self, shape: tuple[int, ...], kind: type) -> Any:
        """A tensor of the type that PyTorch calls otherwise."""
        return torch.empty(shape, dtype=_KINDS[kind], device=self.device)

    def zeros(self, shape: tuple[int, ...], kind: type) -> Any:
        """A tensor of zeros."""
        return torch.zeros(shape, dtype=_KINDS[kind], device=self.device)

    def copy(self, array: Any) -> Any:
        """A clone."""
        return array.clone()

    def sum(self, row: Any) -> Any:
        """The sum of all values, in double precision."""
        return row.sum(dtype=torch.float64)


HOST = Home()


def home_of(device: torch.device) -> Home:
    """The home on a device."""
    return HOST if KERNELS[device.type] == "numba" else DeviceHome(device)


def copied(array: Any) -> Any:
    """A copy of an array of either home."""
    return array.clone() if isinstance(array, torch.Tensor) else array.copy()


def refuse(device: torch.device, deterministic: bool, where: str) -> None:
    """Refuse a device on which a network cannot run.

    Raises
    ------
    ValidationError
        If it is neither a processor nor a CUDA device, or spikes must be the compiled engine's.
    MissingExtraError
        If Triton is not there.
    """
    if device.type not in KERNELS:
        raise ValidationError(where, f"device {str(device)!r}", " or ".join(sorted(KERNELS)))
    if KERNELS[device.type] != "triton":
        return
    if deterministic:
        raise ValidationError(
            where, f"deterministic=True on {str(device)!r}", "the processor",
            "spikes of the compiled engine are promised there only",
        )  # fmt: skip
    try:
        import triton  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"training on {str(device)!r}", "gpu") from error
