"""The embedder that scorers of similarity use: files of the user's, pinned by their hash."""

from typing import Annotated

from pydantic import Field

from driftwatch.config.model import Strict


class Embed(Strict):
    """A model2vec model in a folder: `similar` compares with it, and every answer's similarity is measured."""

    model_path: Annotated[
        str, Field(min_length=1, max_length=1000, description="Its folder; relative paths start where others do.")
    ]
    sha256: Annotated[
        str,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            description="Of config.json, model.safetensors and tokenizer.json, one after the other.",
        ),
    ]
