"""LZ4 and zstd frames, expanded within bounds; a frame cut off gives what came before the cut."""

from __future__ import annotations

import importlib
from typing import Any

from ...errors import FileFormatError, MissingExtraError

__all__ = ["compress", "expand"]

#: How much larger than its frame a payload may be: 255 is the most that LZ4 can do.
_RATIO = 1000
_NAMES = {1: "lz4", 2: "lz4", 3: "zstd", 4: "zstd"}
_STEP = 1 << 20


def expand(data: bytes, kind: int) -> tuple[bytes, bool]:
    """The payload of a frame, and whether it is whole.

    Parameters
    ----------
    data
        The frame.
    kind
        As AEDAT 4 numbers them: 0 none, 1 and 2 LZ4, 3 and 4 zstd.

    Raises
    ------
    FileFormatError
        If it is damaged, or expands beyond 1,000 times its size.
    MissingExtraError
        Without the library.
    """
    if kind == 0:
        return data, True
    return _lz4(data) if _NAMES[kind] == "lz4" else _zstd(data)


def compress(data: bytes, kind: int) -> bytes:
    """A frame of a payload."""
    if kind == 0:
        return data
    if _NAMES[kind] == "lz4":
        return bytes(_library("lz4.frame").compress(data, store_size=False))
    return bytes(_library("zstandard").ZstdCompressor(level=3).compress(data))


def _lz4(data: bytes) -> tuple[bytes, bool]:
    expander = _library("lz4.frame").LZ4FrameDecompressor()
    parts: list[bytes] = []
    total, most = 0, 4096 + _RATIO * len(data)
    step = min(most, max(_STEP, 4 * len(data)))
    try:
        while not expander.eof:
            parts.append(expander.decompress(data, max_length=step))
            data = b""
            total += len(parts[-1])
            if total > most or (not parts[-1] and not expander.eof):
                break
    except (RuntimeError, EOFError, ValueError, MemoryError) as error:
        raise FileFormatError(f"a damaged LZ4 frame: {error}") from error
    _check(total, most)
    return (parts[0] if len(parts) == 1 else b"".join(parts)), expander.eof


def _zstd(data: bytes) -> tuple[bytes, bool]:
    library = _library("zstandard")
    parts: list[bytes] = []
    total, most = 0, 4096 + _RATIO * len(data)
    try:
        # The window, which the frame chooses and the library allocates, is bounded: 2^23 is what
        # every decoder must take.
        expander = library.ZstdDecompressor(max_window_size=max(1 << 23, 2 * len(data)))
        reader = expander.stream_reader(data, read_across_frames=False)
        while part := reader.read(_STEP):
            parts.append(part)
            total += len(part)
            if total > most:
                break
        size = library.frame_content_size(data)
    except (library.ZstdError, ValueError, MemoryError) as error:
        raise FileFormatError(f"a damaged zstd frame: {error}") from error
    _check(total, most)
    return b"".join(parts), size < 0 or total == size


def _check(total: int, most: int) -> None:
    if total > most:
        raise FileFormatError(f"a compressed packet expands beyond {_RATIO} times its size")


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError("A compressed AEDAT 4 file", "aedat") from None
