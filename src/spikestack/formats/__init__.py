"""Networks and results in the forms of other tools, one module each.

``sp.formats.nir.read(path, dt=...)`` and ``sp.formats.nir.write(net, path)``, and so for each:
`read` gives a description, `write` takes one (or a recording, where the form holds results). What
a form cannot express is refused by name, never dropped.
"""

from __future__ import annotations

import importlib
from typing import Any

#: The forms, each a module or package here.
_FORMS: tuple[str, ...] = (
    "arrow",
    "brian2",
    "metatf",
    "nir",
    "nwb",
    "onnx",
    "sonata",
    "text",
)

__all__ = [  # noqa: PLE0604
    *_FORMS,
]


def __getattr__(name: str) -> Any:
    if name not in _FORMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{name}", __name__)
    globals()[name] = module
    return module


def __dir__() -> list[str]:
    return sorted(_FORMS)
