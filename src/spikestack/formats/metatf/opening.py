"""Akida models as plain data, read by the package akida alone.

Its reader may crash on damaged files, so files are opened by a process of their own:
``python -m spikestack.formats.metatf.opening MODEL FOLDER``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, MissingExtraError

__all__ = ["load", "plain", "process"]

#: Seconds after which a file that is still being read is taken for damaged.
_PATIENCE = 300.0
_HEADER, _ARRAYS = "layers.json", "arrays.npz"


def process() -> Any:
    """The package akida.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import akida
    except ImportError as error:
        raise MissingExtraError("reading Akida models", "akida") from error
    return akida


def plain(model: Any) -> list[dict[str, Any]]:
    """Layers of an `akida.Model`: names, types, settings (whole numbers and names) and arrays."""
    akida = process()
    made = []
    for layer in model.layers:
        of = layer.parameters
        settings = {n: getattr(of, n) for n in dir(of) if not n.startswith("_")}
        settings.pop("layer_type", None)
        for name, kind in (("padding", akida.Padding), ("pool_type", akida.PoolType)):
            if name in settings:
                settings[name] = kind(settings[name]).name
        made.append(
            {
                "name": str(layer.name), "type": of.layer_type.name,
                "settings": {n: v if isinstance(v, str) else int(v) for n, v in settings.items()
                             if isinstance(v, str | int | np.integer)},
                "inputs": [str(before.name) for before in layer.inbounds],
                "reads": [int(n) for n in layer.input_dims],
                "sends": [int(n) for n in layer.output_dims],
                "arrays": {n: np.array(layer.get_variable(n)) for n in layer.variables.names},
            }
        )  # fmt: skip
    return made


def load(path: Path) -> list[dict[str, Any]]:
    """The layers of a file, read in a process of its own.

    Raises
    ------
    FileFormatError
        If akida cannot read it, or the process ends otherwise than well.
    """
    process()
    with path.open("rb"), tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __name__, str(path), folder]
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=_PATIENCE, check=False, text=True,
                errors="replace",
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise FileFormatError(f"{path}: akida does not come to an end with it") from error
        if done.returncode:
            told = (done.stderr.strip().splitlines() or ["akida crashes on it"])[-1]
            raise FileFormatError(f"{path}: no sound Akida model: {told}")
        layers = json.loads((Path(folder) / _HEADER).read_text("utf-8"))
        with np.load(Path(folder) / _ARRAYS, allow_pickle=False) as stored:
            for k, layer in enumerate(layers):
                layer["arrays"] = {n: stored[f"{k}.{n}"] for n in layer["arrays"]}
    found: list[dict[str, Any]] = layers
    return found


def _check_whole(model: Any, path: Path, folder: Path, version: str) -> None:
    """Akida takes files that are cut off, and bytes of no meaning: what it saves again tells."""
    given = path.read_bytes()
    again = folder / "again.fbz"
    model.save(str(again))
    saved = again.read_bytes()
    again.unlink()
    of_this = version.encode() in given[:256]
    if saved != given and (of_this or saved.startswith(given)):
        raise ValueError("it is cut off or damaged")


def _main(path: str, folder: str) -> None:
    akida = process()
    try:
        model = akida.Model(path)
        _check_whole(model, Path(path), Path(folder), akida.__version__)
        layers = plain(model)
    except Exception as error:
        sys.exit((str(error).strip().splitlines() or [type(error).__name__])[0])
    arrays = {f"{k}.{n}": a for k, at in enumerate(layers) for n, a in at["arrays"].items()}
    np.savez(Path(folder) / _ARRAYS, **arrays)  # type: ignore[arg-type]
    for layer in layers:
        layer["arrays"] = list(layer["arrays"])
    (Path(folder) / _HEADER).write_text(json.dumps(layers), "utf-8")


if __name__ == "__main__":
    _main(*sys.argv[1:])
