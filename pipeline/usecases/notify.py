"""Telling people what came of a job: once per cause and day, and never with a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from pipeline.errors import PipelineError, SettingsError
from pipeline.journal import schema
from pipeline.journal.journal import Journal
from pipeline.journal.states import Kind
from pipeline.usecases import secrets
from pipeline.usecases.job_record import Attempt
from pipeline.usecases.notify_sinks import by_apprise, by_webhook, to_file
from pipeline.usecases.notify_words import Notice, notice_of
from pipeline.usecases.workspace import Workspace

log = logging.getLogger("sellercenter.notify")

Send = Callable[[Notice], None]


class Sink(NamedTuple):
    """A way to people. `name` says which, in words that hold no secret."""

    name: str
    send: Send


def tell(ws: Workspace, journal: Journal | None, attempt: Attempt) -> tuple[str, ...]:
    """Tell everybody who is to be told of an attempt and wasn't yet today; names of the ways that worked.

    A way that fails is said aloud and tried again with the next attempt; it never fails the job.

    Args:
        journal: remembers who was told; None where it can't be opened (then everybody is).
    """
    if attempt.word not in ws.settings.notify.on:
        return ()
    zone = zone_of(ws)
    notice = notice_of(attempt, zone)
    day = datetime.fromtimestamp(attempt.ended, zone).date().isoformat()
    told = set(_told(journal, notice.cause, day)) if journal else set()
    return tuple(
        sink.name for sink in _sinks(ws) if sink.name not in told and _sent(ws, journal, sink, notice, day)
    )


def zone_of(ws: Workspace) -> ZoneInfo:
    """The time zone of the job, or of its shop."""
    named = ws.settings.job(ws.job).timezone if ws.job else None
    return ZoneInfo(named or ws.shop.timezone)


def _sent(ws: Workspace, journal: Journal | None, sink: Sink, notice: Notice, day: str) -> bool:
    """Written down before it's sent: whatever happens, nobody hears the same twice a day."""
    _note(ws, journal, sink, notice, day, "sending")
    try:
        sink.send(notice)
    except PipelineError as error:
        _note(ws, journal, sink, notice, day, "failed")
        ws.progress.warn(f"no notice by {sink.name}: {error.message}")
        return False
    log.info("notice %s by %s", notice.cause, sink.name)
    return True


def _note(ws: Workspace, journal: Journal | None, sink: Sink, notice: Notice, day: str, state: str) -> None:
    if journal is not None:
        data = {"cause": notice.cause, "day": day, "sink": sink.name, "state": state, "title": notice.title}
        journal.append(notice.run, Kind.NOTICE, at=ws.clock.now(), data=data)


def _told(journal: Journal, cause: str, day: str) -> Iterator[str]:
    """Ways by which this was told today."""
    event = schema.EVENT
    query = select(event.c.data).where(event.c.kind == Kind.NOTICE.value).order_by(event.c.seq)
    with journal.store.read() as db:
        notes = [json.loads(text) for text in db.scalars(query)]
    last = {note["sink"]: note["state"] for note in notes if (note["cause"], note["day"]) == (cause, day)}
    return (sink for sink, state in last.items() if state == "sending")


def _sinks(ws: Workspace) -> Sequence[Sink]:
    notify = ws.settings.notify
    found = []
    if notify.file is not None:
        file = ws.base / notify.file
        found.append(Sink("file", lambda notice: to_file(file, notice)))
    if (hook := notify.webhook) is not None:
        found.append(Sink(f"webhook ({hook})", lambda notice: by_webhook(_secret(ws, hook), notice)))
    found += [Sink(url, _apprise(ws, url)) for url in notify.urls]
    return found


def _apprise(ws: Workspace, reference: str) -> Send:
    return lambda notice: by_apprise(_secret(ws, reference), notice)


def _secret(ws: Workspace, reference: str) -> str:
    """The address behind a reference; from now on nothing we write shows it.

    Raises:
        SettingsError: it leads nowhere.
    """
    try:
        address = secrets.resolve(reference, base=ws.base, environ=ws.environ).reveal()
    except SettingsError as error:
        raise SettingsError(error.message, hint="`urls` and `webhook` of [notify] name them") from None
    ws.heard(address)
    return address
