"""The one way in which a call is refused."""

from __future__ import annotations


class ApiError(Exception):
    """An ErrorResponse: code, text and whose fault it is (reference 2.2)."""

    def __init__(self, code: int, text: str, *, kind: str = "Sender") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.kind = kind

    @property
    def message(self) -> str:
        """``E007: …``; the texts of code 1000 carry no such prefix."""
        return self.text if self.code >= 1000 else f"E{self.code:03d}: {self.text}"
