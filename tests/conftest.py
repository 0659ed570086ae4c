"""What every test leaves as it found it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def pytorch_as_it_was() -> Iterator[None]:
    """Tests share processes: one's default precision and threads are not the next one's."""
    torch = sys.modules.get("torch")
    threads = torch.get_num_threads() if torch else None
    yield
    torch = sys.modules.get("torch")
    if torch:
        torch.set_default_dtype(torch.float32)
        if threads is not None:
            torch.set_num_threads(threads)
