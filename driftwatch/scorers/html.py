"""HTML, whole or somewhere in an answer, as html5lib reads it."""

import re
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.extras import missing
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scorer

# The elements of the HTML Living Standard: an unknown one at the top is XML, not HTML.
ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """a abbr address area article aside audio b base bdi bdo blockquote body br button canvas caption cite code col
        colgroup data datalist dd del details dfn dialog div dl dt em embed fieldset figcaption figure footer form h1
        h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins kbd label legend li link main map mark math
        menu meta meter nav noscript object ol optgroup option output p picture pre progress q rp rt ruby s samp script
        search section select slot small source span strong style sub summary sup svg table tbody td template textarea
        tfoot th thead time title tr track u ul var video wbr""",
    )
)
# What html5lib counts as a fault and the standard or every browser lets pass.
_PARDONED = re.compile(r"expected-doctype-|expected-named-entity|named-entity-without-semicolon")
_DOCUMENT = re.compile(
    r"\s*(?:<!doctype\s|<html[\s>]|<!--.{0,1000}?-->\s*<(?:!doctype|html))", re.IGNORECASE | re.DOTALL
)
_EDGES = re.compile(r"<(?:!doctype|!--|[a-z][a-z0-9-]*).*(?:>)\Z", re.IGNORECASE | re.DOTALL)
_FIRST = re.compile(r"<([a-z][a-z0-9-]*)", re.IGNORECASE)
_PROLOGUE = re.compile(r"(?:<!doctype[^>]{0,1000}>|<!--.{0,10000}?-->|\s)+", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?([a-z][a-z0-9]*)((?:\s[^<>]{0,2000})?)(/?)>", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:[a-z]{2,30}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_COMMENT = re.compile(r"<!--|<!doctype\s", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\s[a-z-]{1,40}=[\"']", re.IGNORECASE)
ENOUGH_SIGNS = 2


def is_html(argument: Any) -> Scorer:
    """Build: the whole answer is HTML, a document or a fragment, and every element that must be closed is."""
    arg.nothing(argument)
    with missing("is-html", "html5lib"):
        import html5lib

    def judge(text: str) -> float:
        markup = text.strip()
        prologue = _PROLOGUE.match(markup)
        first = _FIRST.match(markup, prologue.end() if prologue else 0)
        if not _EDGES.match(markup) or first is None or first[1].lower() not in ELEMENTS:
            return 0.0
        parser = html5lib.HTMLParser(namespaceHTMLElements=False)
        whole = _DOCUMENT.match(markup) is not None
        tree = parser.parse(markup) if whole else parser.parseFragment(markup)
        faults = [code for _, code, _ in parser.errors if not _PARDONED.match(code)]
        return float(not faults and (whole or not _text_outside(tree)))

    return of_text(judge)


def _text_outside(tree: Any) -> bool:
    """Return whether words stand between the elements at the top."""
    return any((text or "").strip() for text in (tree.text, *(element.tail for element in tree)))


def contains_html(argument: Any) -> Scorer:
    """Build: two signs of HTML show: tags, entities, attributes, comments."""
    arg.nothing(argument)

    def judge(text: str) -> float:
        signs = sum(found[1].lower() in ELEMENTS for found in _TAG.finditer(text))
        tagged = bool(signs)
        for sign in (_ENTITY, _COMMENT):
            signs += sign.search(text) is not None
        signs += tagged and _ATTRIBUTE.search(text) is not None
        return float(signs >= ENOUGH_SIGNS)

    return of_text(judge)
