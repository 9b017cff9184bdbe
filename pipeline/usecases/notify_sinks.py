"""The ways by which a notice leaves: a file, a webhook, and all that apprise knows.

An address is a secret (its path is the password of many services): no message of ours, and none of
a library's, may quote it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import SettingsError, ShopError
from pipeline.settings import LOOPBACK
from pipeline.store.atomic import append_durable, private_folder
from pipeline.usecases.notify_words import Notice
from pipeline.usecases.posting import post, split

SCHEMA = "sellercenter/notice/1"


def document(notice: Notice) -> bytes:
    """A notice as JSON, on one line."""
    return json.dumps({"schema": SCHEMA, **asdict(notice)}, ensure_ascii=False).encode()


def to_file(file: Path, notice: Notice) -> None:
    """Add it to a file, a line each.

    Raises:
        StateError: the disk said no.
    """
    private_folder(file.parent)
    append_durable(file, document(notice) + b"\n")


def by_webhook(address: str, notice: Notice) -> None:
    """POST it as JSON.

    Raises:
        SettingsError: that isn't an address, or not one by https (or loopback).
        ShopError: it wasn't taken.
    """
    parts = split(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise SettingsError("the webhook's address must be https")
    post(address, document(notice), {"Content-Type": "application/json; charset=utf-8"})


def by_apprise(address: str, notice: Notice) -> None:
    """Send it through apprise, an extra: mail, Slack, Teams, Telegram and a hundred others.

    Raises:
        SettingsError: the extra isn't installed, or apprise doesn't know such an address.
        ShopError: it wasn't delivered.
    """
    try:
        import apprise
    except ImportError:
        hint = "pip install 'sellercenter-pipeline[notify]'"
        raise SettingsError("apprise isn't installed", hint=hint) from None
    logger = logging.getLogger("apprise")
    logger.propagate, logger.disabled = False, True  # it quotes addresses
    sender = apprise.Apprise()
    if not sender.add(address):
        raise SettingsError("apprise doesn't know this kind of address")
    try:
        taken = sender.notify(title=notice.title, body=notice.text)
    except Exception as error:  # noqa: BLE001 - every service has errors of its own; their text may quote the address
        raise ShopError(f"apprise failed: {type(error).__name__}") from None
    if not taken:
        raise ShopError("the service didn't take it")
