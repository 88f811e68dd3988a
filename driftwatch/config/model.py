"""The base of all settings: frozen, nothing unknown, a secret given in one way only."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator

from driftwatch.config.values import refusal


class Strict(BaseModel):
    """Settings that refuse what they do not know.

    `pairs` names the secrets that may also be given as ``…_file``.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
        protected_namespaces=(),
        # Each class is built once, as part of the whole: forty classes cost a start-up twice as much otherwise.
        defer_build=True,
    )
    pairs: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def usual(cls, **given: Any) -> Self:
        """Return what holds where a file says nothing; to call the class would build it alone, when it is imported."""
        return cls.model_construct(**given)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        for name in self.pairs:
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise refusal(f"give `{name}` or `{name}_file`, not both.", slug="config-secret")
        return self
