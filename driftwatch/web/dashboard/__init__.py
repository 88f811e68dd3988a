"""What people look at in a browser: pages and the same as JSON, both from `services.board`.

Jinja2 is loaded, and the board made, when the first page is asked for.
"""
