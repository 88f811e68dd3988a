"""click's base of parameter types, which says what a type makes of a text: click itself has that from 8.4 on."""

from typing import TYPE_CHECKING, Generic, TypeVar

import click

Made = TypeVar("Made")

if TYPE_CHECKING:
    from click import ParamType as Typed
else:

    class Typed(click.ParamType, Generic[Made]):
        """A type of parameters. deepeval 4.3 wants click below 8.4, where `click.ParamType[int]` is an error."""


__all__ = ["Typed"]
