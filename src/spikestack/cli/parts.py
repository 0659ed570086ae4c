"""Parts of the package that an installation may lack."""

from __future__ import annotations

import importlib
from typing import Any

from ..errors import MissingExtraError

__all__ = ["part"]


def part(module: str, feature: str, extra: str) -> Any:
    """Import a module, or raise MissingExtraError that names the extra which `feature` needs."""
    try:
        return importlib.import_module(module)
    except MissingExtraError:
        raise
    except ImportError as error:
        raise MissingExtraError(feature, extra) from error
