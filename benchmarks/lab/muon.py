"""Muon: momentum made orthogonal, the quickest way we found to teach small matrices in a minute.

References
----------
.. [1] K. Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer


class Muon(Optimizer):
    """Steepest descent in the spectral norm for two-dimensional parameters.

    Parameters
    ----------
    params : iterable of Tensor
        Matrices only; embeddings and gains belong to Adam.
    lr : float
        Step in units of the root mean square of an update's entries times 0.2, as for Adam.
    momentum : float
        Nesterov momentum, in [0, 1).
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            same_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for p in group["params"]:
                same_shape[p.shape].append(p)
            for matrices in same_shape.values():
                self._step_together(matrices, group["lr"], group["momentum"])

    def _step_together(self, matrices: list[Tensor], lr: float, momentum: float) -> None:
        """Move matrices of one shape in one batch: many small products cost more than one large."""
        looking_ahead = []
        for p in matrices:
            buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
            buffer.mul_(momentum).add_(p.grad)
            looking_ahead.append(p.grad + momentum * buffer)
        scale = 0.2 * max(matrices[0].shape) ** 0.5
        for p, update in zip(matrices, orthogonal(torch.stack(looking_ahead)), strict=True):
            p.add_(update, alpha=-lr * scale)


def orthogonal(x: Tensor, iterations: int = 5) -> Tensor:
    """Bring all singular values near one by Newton-Schulz; shape (n, rows, columns)."""
    a, b, c = 3.4445, -4.7750, 2.0315  # [1]: steepest at zero, not convergent, near enough to one
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(iterations):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x
