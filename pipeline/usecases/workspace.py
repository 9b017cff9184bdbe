"""Where a command works: settings, shop, state, clock, and those who watch."""

from __future__ import annotations

import hashlib
import json
import os
import secrets as entropy
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.budget.clock import SystemClock
from pipeline.budget.throttle import Clock
from pipeline.market.secret import Secret
from pipeline.store.atomic import private_folder, write_atomic
from pipeline.usecases import secrets
from pipeline.usecases.progress import Progress, Silence

if TYPE_CHECKING:
    from pipeline.settings import Settings, Shop

STATE = Path(".sellercenter")


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Everything that is handed into a use case beside its own arguments.

    Settings, shop and secret are read when first asked for, so that a command that needs none of
    them works without.

    Attributes:
        config: the settings file.
        config_asked: someone named it; where nobody did, a command that sends nothing may do without.
        asked_shop: `--shop`, or None.
        asked_state: `--state`, or None.
        ask: puts a question to the person at the terminal; None where there is none.
        heard: told every secret as it is resolved, so that nothing we write can show it.
        token: a few random characters, for ids.
        job: the job that this is done for: its overrides hold.
    """

    config: Path
    config_asked: bool = False
    asked_shop: str | None = None
    asked_state: Path | None = None
    clock: Clock = field(default_factory=SystemClock)
    progress: Progress = field(default_factory=Silence)
    ask: Callable[[str], bool] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    heard: Callable[[str], None] = lambda _: None
    token: Callable[[], str] = lambda: entropy.token_hex(3)
    job: str | None = None

    @cached_property
    def settings(self) -> Settings:
        from pipeline.settings import load_settings  # pydantic takes its time: not every command needs it

        return load_settings(self.config)

    @property
    def bare(self) -> bool:
        """Nobody named settings or a shop, and there is no settings file here."""
        return not self.config_asked and self.asked_shop is None and not self.config.exists()

    @property
    def base(self) -> Path:
        """The folder that relative paths of the settings start from."""
        return self.config.absolute().parent

    @property
    def shop_name(self) -> str:
        return self.settings.shop(self.asked_shop)[0]

    @cached_property
    def shop(self) -> Shop:
        """The shop, as the job that this is done for has it."""
        shop = self.settings.shop(self.asked_shop)[1]
        return self.settings.job(self.job).over(shop) if self.job is not None else shop

    def under(self, *, shop: str | None = None, job: str | None = None) -> Workspace:
        """The same place, for another shop, or for a job."""
        return replace(self, asked_shop=shop or self.asked_shop, job=job or self.job)

    @cached_property
    def state(self) -> Path:
        """`--state`, else the settings' `state`, else `.sellercenter/` here; not created yet."""
        if self.asked_state is not None:
            return self.asked_state
        named = self._state_named() if self.config_asked or self.config.exists() else None
        return self.base / Path(named).expanduser() if named else STATE

    def _state_named(self) -> str | None:
        """`state` of the settings file; who needs no more of it doesn't wait for the file to be checked.

        Raises:
            SettingsError: the file can't be read, or says no text there.
        """
        try:
            said = tomllib.loads(self.config.read_text(encoding="utf-8-sig")).get("state")
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
            return self.settings.state
        return said if said is None or isinstance(said, str) else self.settings.state

    @property
    def database(self) -> Path:
        """The journal's file."""
        return self.state / "state.db"

    @property
    def snapshots(self) -> Path:
        return self.state / "snapshots"

    @property
    def plans(self) -> Path:
        return self.state / "plans"

    @property
    def runs(self) -> Path:
        return self.state / "runs"

    @property
    def ledger(self) -> Path:
        """The budget's file: one per user and machine, whatever the state folder."""
        from pipeline.budget.ledger import ledger_path

        return ledger_path(self.settings.ledger, self.base, self.environ)

    @property
    def locks(self) -> Path:
        """Where this machine's locks of shops lie, beside the budget."""
        return self.ledger.parent / "locks"

    @cached_property
    def api_key(self) -> Secret:
        """The shop's key, resolved on first use."""
        secret = secrets.resolve(self.shop.api_key, base=self.base, environ=self.environ)
        self.heard(secret.reveal())
        return secret

    def open_state(self) -> Path:
        """The state folder, made if need be: for its owner only, and nothing for version control.

        Raises:
            StateError: it can't be made.
        """
        folder = private_folder(self.state)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            write_atomic(ignore, b"*\n")
        return folder

    def new_id(self) -> str:
        """An id that sorts by time: 20261123-171502-3fa9c1 (UTC)."""
        return f"{datetime.fromtimestamp(self.clock.now(), UTC):%Y%m%d-%H%M%S}-{self.token()}"

    def mapping_file(self, shop: Shop) -> Path | None:
        """The mapping of a shop: a file beside the settings, or the name or path of a preset.

        Raises:
            SettingsError: there is none of that name.
        """
        from pipeline.read.presets import find_mapping

        name = shop.catalog.mapping
        return find_mapping(name, self.base) if name is not None else None

    def identity(self, shop: Shop) -> str:
        """Which shop this is, whatever its name in the settings: a digest of url, user and operators."""
        return _digest([shop.url.rstrip("/"), shop.user_id, sorted(shop.operators)])[7:23]

    def settings_digest(self, shop: Shop) -> str:
        """Over what decides a plan's content: where it differs at push, the plan is stale.

        Raises:
            SettingsError: the mapping can't be read.
        """
        from pipeline.read.mapping import load_mapping

        mapping = load_mapping(self.mapping_file(shop), base=self.base, shop=self.shop_name)
        return _digest([_deciding(shop), mapping.digest])


def _deciding(shop: Shop) -> dict[str, Any]:
    """The settings that a plan depends on; how long we wait and how files are read is none of them."""
    catalog = shop.catalog.model_dump(mode="json")
    limits = shop.limits.model_dump(
        mode="json", include={"feed_max_products", "feed_max_bytes", "empty_clears_sale"}
    )
    own = {
        "dialect",
        "operators",
        "currency",
        "currency_by_operator",
        "decimals",
        "timezone",
        "business_unit",
    }
    return {
        "shop": shop.model_dump(mode="json", include=own),
        "catalog": {key: value for key, value in catalog.items() if not key.startswith("parse_")},
        "guards": shop.guards.model_dump(mode="json"),
        "limits": limits,
    }


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
