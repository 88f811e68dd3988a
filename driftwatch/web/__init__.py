"""The daemon's own HTTP server: health, metrics, reload, and the dashboard.

FastAPI and uvicorn cost 12 MB and a good part of a second: nothing here imports them before the daemon is ready.
"""
