"""The body of a write: XML taken apart into records (reference 4.3, 9.5, 11.8)."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from pipeline.sandbox.errors import ApiError

LARGEST_BODY = 128 * 1024 * 1024
_DOCTYPE = re.compile(rb"(?:\s|\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->)*<!", re.DOTALL)
RECORD_TAG = {
    "ProductCreate": "Product",
    "ProductUpdate": "Product",
    "ProductRemove": "Product",
    "Image": "ProductImage",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One product of a feed as it was sent: element text untouched, empty elements as empty text."""

    sku: str
    fields: dict[str, str]
    data: dict[str, str]
    units: tuple[dict[str, str], ...] | None
    images: tuple[str, ...] | None


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body without its content encoding; some clients gzip every POST (reference 1.5).

    Raises:
        ApiError: E005 for broken packing, E011 above 128 MB.
    """
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        return body
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            plain = packed.read(LARGEST_BODY + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ApiError(5, "Invalid Request Format") from error
    if len(plain) > LARGEST_BODY:
        raise ApiError(11, "Request too Big")
    return plain


def records_of(action: str, body: bytes) -> list[Record]:
    """The records of a request; its root may have any name, as a vendor's client misspells it (1.5).

    Raises:
        ApiError: E030 empty, E005 no XML, 1000 no record of this action's kind in it.
    """
    if not body.strip():
        raise ApiError(30, "Empty Request")
    if _DOCTYPE.match(body):
        raise ApiError(5, "Invalid Request Format")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
    except (ET.ParseError, ValueError, LookupError) as error:
        raise ApiError(5, "Invalid Request Format") from error
    if b"xmlns" in body and any("{" in element.tag for element in root.iter()):
        raise ApiError(5, "Invalid Request Format")
    tag = RECORD_TAG[action]
    if len(root) == 0 or any(child.tag != tag for child in root):
        raise ApiError(1000, "Format Error Detected")
    return [_record(element) for element in root]


def _record(element: ET.Element) -> Record:
    fields: dict[str, str] = {}
    data: dict[str, str] = {}
    units: tuple[dict[str, str], ...] | None = None
    images: tuple[str, ...] | None = None
    for child in element:
        if child.tag == "ProductData":
            data.update((item.tag, item.text or "") for item in child)
        elif child.tag == "BusinessUnits":
            units = tuple({item.tag: item.text or "" for item in unit} for unit in child)
        elif child.tag == "Images":
            images = tuple(_texts(child))
        else:
            fields[child.tag] = child.text or ""
    sku = fields.pop("SellerSku", "").strip()
    return Record(sku=sku, fields=fields, data=data, units=units, images=images)


def _texts(element: ET.Element) -> Iterator[str]:
    for child in element:
        text = (child.text or "").strip()
        if text:
            yield text
