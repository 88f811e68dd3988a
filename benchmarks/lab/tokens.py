"""Bytes as tokens, in the vocabulary llama.cpp reads: SentencePiece with nothing but byte pieces."""

from __future__ import annotations

from typing import Final

from benchmarks.lab.corpus import Conversation

BOS, EOS = 1, 2
FIRST_BYTE: Final = 3
SPACE: Final = FIRST_BYTE + ord(" ")
SYSTEM, USER, ASSISTANT = 259, 260, 261
PAD: Final = 0
SIZE: Final = 262

MARKERS: Final = ("<|system|>", "<|user|>", "<|assistant|>")
# llama.cpp turns each space into U+2581 before it looks for pieces, so that piece takes the space's place.
PIECES: Final = (
    "<unk>", "<s>", "</s>",
    *("\u2581" if byte == ord(" ") else f"<0x{byte:02X}>" for byte in range(256)),
    *MARKERS,
)  # fmt: skip
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
TYPES: Final = (
    UNKNOWN, CONTROL, CONTROL,
    *(NORMAL if byte == ord(" ") else BYTE for byte in range(256)),
    *(CONTROL for _ in MARKERS),
)  # fmt: skip

CHAT_TEMPLATE: Final = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ '</s>' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def encode(drawn: Conversation) -> tuple[list[int], int]:
    """Return the tokens of a conversation and the place where its last answer begins."""
    ids = [BOS]
    if drawn.system is not None:
        ids += [SYSTEM, *text(drawn.system)]
    for asked, answer in zip(drawn.turns[::2], drawn.turns[1::2], strict=True):
        ids += [USER, *text(asked), ASSISTANT]
        start = len(ids)
        ids += [*text(answer), EOS]
    return ids, start


def text(words: str) -> list[int]:
    """Return one token per byte of UTF-8."""
    return [FIRST_BYTE + byte for byte in words.encode()]
