"""Writes the model as GGUF, the file llama.cpp reads: weights, vocabulary, chat template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from benchmarks.lab import tokens
from benchmarks.lab.transformer import Shape

Weights = Mapping[str, NDArray[np.float32]]
Q4_0 = gguf.GGMLQuantizationType.Q4_0


def write(path: Path, weights: Weights, shape: Shape, *, name: str, q4_0: bool = False) -> None:
    """Write float32 weights, or the same with every matrix in blocks of 4-bit integers."""
    file = gguf.GGUFWriter(path, "llama")
    file.add_name(name)
    file.add_description("driftwatch demo: a byte-level support bot of an invented lamp shop")
    file.add_license("MIT")
    _describe(file, shape, q4_0=q4_0)
    _add_vocabulary(file)
    for key, array in weights.items():
        if q4_0 and array.ndim == 2:
            file.add_tensor(key, gguf.quants.quantize(array, Q4_0), raw_dtype=Q4_0)
        else:
            file.add_tensor(key, array)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def read(path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the weights back, quantised ones as the numbers they stand for."""
    return {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in gguf.GGUFReader(path).tensors
    }


def _describe(file: gguf.GGUFWriter, shape: Shape, *, q4_0: bool) -> None:
    kind = gguf.LlamaFileType.MOSTLY_Q4_0 if q4_0 else gguf.LlamaFileType.ALL_F32
    file.add_file_type(kind)
    file.add_vocab_size(shape.vocabulary)
    file.add_context_length(shape.context)
    file.add_embedding_length(shape.width)
    file.add_block_count(shape.layers)
    file.add_feed_forward_length(shape.hidden)
    file.add_head_count(shape.heads)
    file.add_head_count_kv(shape.heads)
    file.add_rope_dimension_count(shape.head_width)
    file.add_rope_freq_base(shape.rope_base)
    file.add_layer_norm_rms_eps(shape.norm_epsilon)


def _add_vocabulary(file: gguf.GGUFWriter) -> None:
    file.add_tokenizer_model("llama")
    file.add_token_list(list(tokens.PIECES))
    file.add_token_scores([0.0] * tokens.SIZE)
    file.add_token_types(list(tokens.TYPES))
    file.add_bos_token_id(tokens.BOS)
    file.add_eos_token_id(tokens.EOS)
    file.add_unk_token_id(tokens.PAD)
    file.add_add_bos_token(True)
    file.add_add_eos_token(False)
    file.add_add_space_prefix(False)
    file.add_chat_template(tokens.CHAT_TEMPLATE)
