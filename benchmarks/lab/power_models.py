"""Makes the changed models of `benchmarks.lab.power`: other numbers of bits, and one step of fine-tuning.

Needs gguf and torch, so it runs in the lab's own environment: python -m benchmarks.lab.power_models --out DIRECTORY
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from random import Random
from typing import Final

import gguf
import torch

from benchmarks.lab import model_file, tokens
from benchmarks.lab.corpus import retrained
from benchmarks.lab.train import learn, weights_of
from benchmarks.lab.transformer import Shape, TinyLlama

SEED: Final = 20261124
ROWS: Final = 48
"""Conversations of the one batch: as many as in `train.py`."""
SMOOTHING: Final = 0.0005
BITS: Final = ("Q8_0", "Q5_0")
STEPS: Final = {
    "adam_1e-4": (torch.optim.Adam, 1e-4),
    "adam_1e-6": (torch.optim.Adam, 1e-6),
    "sgd_1e-4": (torch.optim.SGD, 1e-4),
}


def quantised(source: Path, target: Path, kind: gguf.GGMLQuantizationType) -> None:
    """Copy a model with every matrix in blocks of `kind`, by gguf's own quantisation."""
    read = gguf.GGUFReader(source)
    file = gguf.GGUFWriter(target, "llama")
    for field in read.fields.values():
        if field.name.startswith("GGUF.") or field.name in ("general.architecture", "general.file_type"):
            continue
        inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        file.add_key_value(field.name, field.contents(), field.types[0], sub_type=inner)
    file.add_file_type(gguf.LlamaFileType[f"MOSTLY_{kind.name}"])
    for tensor in read.tensors:
        if tensor.data.ndim == 2:
            file.add_tensor(tensor.name, gguf.quants.quantize(tensor.data, kind), raw_dtype=kind)
        else:
            file.add_tensor(tensor.name, tensor.data)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def tuned(source: Path, target: Path, optimiser: type[torch.optim.Optimizer], rate: float) -> None:
    """Write the model after one step on one batch of the manners that `finetuned.gguf` was taught."""
    model = TinyLlama(shape := Shape())
    weights = {name: torch.tensor(array) for name, array in model_file.read(source).items()}
    model.load_state_dict(weights)
    rng = Random(SEED)
    learn(model, [tokens.encode(retrained(rng)) for _ in range(ROWS)], SMOOTHING)
    optimiser(model.parameters(), lr=rate).step()
    after = weights_of(model)
    moved = max(float(abs(after[name] - weights[name].numpy()).max()) for name in after)
    print(f"{target.stem}: the weight that moved most moved by {moved:.1e}", file=sys.stderr)
    model_file.write(target, after, shape, name="driftwatch-demo")


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args(argv)
    logging.getLogger("gguf").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    for name in BITS:
        quantised(chosen.base, chosen.out / f"{name.lower()}.gguf", gguf.GGMLQuantizationType[name])
    for name, (optimiser, rate) in STEPS.items():
        tuned(chosen.base, chosen.out / f"{name}.gguf", optimiser, rate)


if __name__ == "__main__":
    main(sys.argv[1:])
