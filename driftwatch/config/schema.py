"""The JSON Schema of config/driftwatch.yaml, for editors."""

import json
from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from driftwatch.config.settings import Settings

_VARIABLE = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}


class _WithVariables(GenerateJsonSchema):
    """Numbers may come from a variable."""

    def int_schema(self, schema: core_schema.IntSchema) -> dict[str, Any]:
        return {"anyOf": [super().int_schema(schema), _VARIABLE]}

    def float_schema(self, schema: core_schema.FloatSchema) -> dict[str, Any]:
        return {"anyOf": [super().float_schema(schema), _VARIABLE]}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> dict[str, Any]:
        """Write defaults as a user would, and leave out those of whole sections."""
        inner, default = self.generate_inner(schema["schema"]), schema.get("default")
        if isinstance(default, timedelta):
            return {**inner, "default": f"{default.total_seconds():g}s"}
        return {**inner, "default": default} if isinstance(default, str | int | float) else inner


def json_schema() -> dict[str, Any]:
    """Return the schema of the configuration file."""
    generated = Settings.model_json_schema(schema_generator=_WithVariables)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "driftwatch configuration", **generated}


def schema_text() -> str:
    """Return the schema as it stands in config/driftwatch.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
