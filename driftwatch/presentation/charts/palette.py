"""The colours of charts and pages, from Okabe and Ito's palette for every eye; dark pages exchange them by CSS.

References
----------
.. [1] M. Okabe, K. Ito, "Color Universal Design" (2008).
"""

COURSE = "#0072b2"
"""What was measured."""
NORMAL = "#009e73"
"""What the baseline says is usual."""
ONSET = "#e69f00"
"""When a change may have begun."""
ALARM = "#d55e00"
"""An alarm, its threshold, an incident that pages."""
TEXT = "#57606a"
LINES = "#d8dee4"

DARK = {
    COURSE: "#56b4e9",
    NORMAL: "#35c99b",
    ONSET: "#f0b429",
    ALARM: "#ff8c4b",
    TEXT: "#a3adb8",
    LINES: "#343b44",
}
"""What each of them is on a dark page."""
