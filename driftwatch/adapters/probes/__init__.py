"""Golden sets from YAML and JSON lines."""

from driftwatch.adapters.probes.load import load_probe_set

__all__ = ["load_probe_set"]
