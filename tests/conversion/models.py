"""Small networks to convert."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Functional operations, a residual sum, joined channels, groups, max pooling, batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.third = nn.Conv2d(8, 6, 3, stride=2, groups=2)
        self.last = nn.Linear(6, 5)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm(self.first(x)))
        y = torch.cat([x, F.relu(self.second(x) + x)], 1)
        y = torch.relu(self.third(F.max_pool2d(y, 2)))
        y = F.adaptive_avg_pool2d(y, 1).view(y.size(0), -1)
        y = F.dropout(y, training=self.training)
        return F.log_softmax(self.last(y), 1)


def settled(model: Any, data: Any) -> Any:
    """In evaluation mode, with running statistics of the data and gains that are not one."""
    generator = torch.Generator().manual_seed(5)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
            part.weight.data = 0.5 + torch.rand(part.weight.shape, generator=generator)
            part.bias.data = torch.randn(part.bias.shape, generator=generator) * 0.2
    model.train()
    with torch.no_grad():
        for _ in range(30):
            model(data)
    return model.eval()


def dyadic(sizes: tuple[int, ...], active: Any, seed: int = 1) -> Any:
    """Dense layers whose weights are sixteenths, so that all sums are exact."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[Any] = []
    for k, (a, b) in enumerate(itertools.pairwise(sizes)):
        layer = nn.Linear(a, b)
        layer.weight.data = torch.randint(-12, 13, (b, a), generator=generator) / 16
        layer.bias.data = torch.randint(-8, 9, (b,), generator=generator) / 16
        layers += [layer, active()] if k < len(sizes) - 2 else [layer]
    return nn.Sequential(*layers).eval()
