"""Currency signs beside a price: accepted where they say the shop's own currency, never ignored."""

from __future__ import annotations

import re

from pipeline.values.context import Problem

#: Decimals by ISO 4217 where they aren't two.
DECIMALS = {
    **dict.fromkeys(("CLP", "JPY", "KRW", "VND", "PYG", "ISK", "UGX", "XAF", "XOF", "RWF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_DOLLARS = frozenset(["USD", "CLP", "COP", "MXN", "ARS", "UYU", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"])
_SIGNS = {
    "$": _DOLLARS,
    "US$": frozenset({"USD"}),
    "R$": frozenset({"BRL"}),
    "S/": frozenset({"PEN"}),
    "S/.": frozenset({"PEN"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₫": frozenset({"VND"}),
    "đ": frozenset({"VND"}),
    "฿": frozenset({"THB"}),
    "₱": frozenset({"PHP"}),
    "₦": frozenset({"NGN"}),
    "₴": frozenset({"UAH"}),
    "₽": frozenset({"RUB"}),
    "₹": frozenset({"INR"}),
    "₩": frozenset({"KRW"}),
    "Rp": frozenset({"IDR"}),
    "RM": frozenset({"MYR"}),
    "zł": frozenset({"PLN"}),
    "Kč": frozenset({"CZK"}),
    "Ft": frozenset({"HUF"}),
    "kr": frozenset({"SEK", "NOK", "DKK", "ISK"}),
}
_CODE = re.compile(r"[A-Z]{3}")
_AROUND = re.compile(
    r"(?P<before>[^0-9.,\-\s]*\.?)[\s\u00a0]*(?P<number>-?[.,]?[0-9].*?)[\s\u00a0]*(?P<after>[^0-9.,\s'’]*)"
)


def decimals_of_currency(code: str) -> int:
    """Decimals that prices in a currency have (ISO 4217; two where it isn't listed)."""
    return DECIMALS.get(code.upper(), 2)


def strip_currency(text: str, currency: str) -> tuple[str, Problem | None]:
    """A price without its sign or code, if that says the shop's currency; "" = not known, no sign passes."""
    match = _AROUND.fullmatch(text)
    marks = [mark for mark in (match["before"], match["after"]) if mark] if match else []
    if match is None or not marks or any(not _is_mark(mark) for mark in marks):
        return text, None
    if all(currency in _SIGNS.get(mark, {mark}) for mark in marks):
        return match["number"], None
    theirs = f"{currency}, the currency of the shop" if currency else "the shop's currency, which isn't set"
    message, hint = (
        f"{text!r} isn't in {theirs}",
        "convert it in the source, or correct `currency` in the settings",
    )
    return text, Problem(code="wrong-currency", message=message, hint=hint)


def currencies_of(text: str) -> frozenset[str]:
    """The currencies that the signs and codes beside a price may mean; empty where there are none."""
    match = _AROUND.fullmatch(text.strip())
    marks = [mark for mark in (match["before"], match["after"]) if mark and _is_mark(mark)] if match else []
    said = [_SIGNS.get(mark, frozenset({mark})) for mark in marks]
    return frozenset.intersection(*said) if said else frozenset()


def _is_mark(mark: str) -> bool:
    return mark in _SIGNS or bool(_CODE.fullmatch(mark))
