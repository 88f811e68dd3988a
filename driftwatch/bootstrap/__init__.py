"""The one place that names concrete adapters: from settings to a program that runs.

Adapters are imported where they are built, so that a command pays only for what it uses.
"""
