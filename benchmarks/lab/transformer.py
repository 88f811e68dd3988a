"""A Llama small enough for one core: what llama.cpp runs under `llama`, written in torch to be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes of the model; all widths are multiples of 32, as Q4_0 asks."""

    vocabulary: int = 262
    width: int = 128
    layers: int = 4
    heads: int = 4
    hidden: int = 320
    context: int = 512
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads


class Block(nn.Module):
    """Attention with rotary positions, then a gated feed-forward, each behind an RMS norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.attn_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_v = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        x = x + self._attend(self.attn_norm(x), cosine, sine)
        y = self.ffn_norm(x)
        return x + cast("Tensor", self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y)))

    def _attend(self, y: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        heads = (*y.shape[:2], self.shape.heads, self.shape.head_width)
        q, k, v = (part(y).view(heads) for part in (self.attn_q, self.attn_k, self.attn_v))
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        mixed = functional.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True
        )
        return cast("Tensor", self.attn_output(mixed.transpose(1, 2).reshape(y.shape)))


class TinyLlama(nn.Module):
    """The decoder; its token embedding is also its output matrix. Names are those of GGUF."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        angles = _angles(shape)
        self.register_buffer("cosine", angles.cos(), persistent=False)
        self.register_buffer("sine", angles.sin(), persistent=False)
        self.apply(_start)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits of shape (batch, length, vocabulary)."""
        x = self.token_embd(ids)
        cosine, sine = self.cosine[: ids.shape[1]], self.sine[: ids.shape[1]]
        for block in self.blk:
            x = block(x, cosine, sine)
        return functional.linear(self.output_norm(x), self.token_embd.weight)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn neighbouring pairs by their position's angle: llama.cpp's NORM rope, not the halves of NEOX."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2)


def _angles(shape: Shape) -> Tensor:
    steps = torch.arange(0, shape.head_width, 2) / shape.head_width
    return torch.outer(torch.arange(shape.context), shape.rope_base**-steps)[:, None, :]


def _start(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.05)
