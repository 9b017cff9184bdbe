"""GetProducts answers read quickly once a page has shown what the shop's products look like.

A page in which anything is otherwise than on the pages that were learnt from is read by the reader that
takes all, and learnt from too. What both readers read is the same.
"""

from __future__ import annotations

from pipeline.market import json_pages, xml_pages
from pipeline.market.answers import Answer, ErrorAnswer, answer_of
from pipeline.market.nodes import BIG, document, get
from pipeline.market.products import listed

#: Bytes of a page from which on learning from it, and trying what was learnt, pays.
_WORTH = 30_000
#: Pages in a row that were otherwise than the one before; then nobody tries any longer.
_MISSES = 3


class PageReader:
    """Reads answers to GetProducts; `Answer.body` is a `Page` where it was read quickly.

    Threads may share it.
    """

    def __init__(self) -> None:
        self._shape: json_pages.Shape | xml_pages.Shape | None = None
        self._misses = 0

    def read(self, body: bytes) -> Answer | ErrorAnswer:
        """The same as `answers.read`.

        Raises:
            Unreadable: it's no whole answer of this API.
        """
        worth = _WORTH <= len(body) <= BIG and body[:1] in (b"{", b"<") and self._misses < _MISSES
        shape = self._shape
        if worth and shape is not None and (found := shape.read(body)) is not None:
            self._misses = 0
            return found
        name, root = document(body)
        if worth and name == "SuccessResponse" and listed(get(root, "Body")):
            self._misses += 1
            learn = json_pages.learnt if body[:1] == b"{" else xml_pages.learnt
            self._shape = learn(root, shape) or shape
        return answer_of(name, root)
