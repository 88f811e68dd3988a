"""The tables as they are declared, with SQLModel; no process that somebody waits for loads this.

`python -m driftwatch.adapters.store.declared` writes them to `tables.py`, in SQLAlchemy Core; that is what is used. To
import SQLModel with the ORM, and to make columns of its fields, took 80 ms of every start's CPU.
"""
