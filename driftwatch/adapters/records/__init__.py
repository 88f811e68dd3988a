"""Observation records, JSON lines: what other systems have logged, in; what we have observed, out."""

from driftwatch.adapters.records.exporting import export_observations
from driftwatch.adapters.records.importing import ImportReport, import_observations
from driftwatch.adapters.records.reading import read_records
from driftwatch.adapters.records.record import Record, parse_record

__all__ = ["ImportReport", "Record", "export_observations", "import_observations", "parse_record", "read_records"]
