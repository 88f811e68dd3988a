"""Write what is declared to `tables.py`: `python -m driftwatch.adapters.store.declared`."""

from pathlib import Path

from driftwatch.adapters.store import tables
from driftwatch.adapters.store.declared.written import source

if __name__ == "__main__":
    Path(tables.__file__).write_text(source(), encoding="utf-8")
