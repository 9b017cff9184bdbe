"""Who we say we are."""

from __future__ import annotations

import platform
import re

from pipeline import __version__
from pipeline.settings import Shop
from schemas.fields import Dialect


def user_agent(shop: Shop) -> str:
    """The User-Agent of a shop's calls.

    Falabella demands `SELLER_ID/TECH/TECH_VERSION/INTEGRATION_TYPE/BU_CODE`; where the settings
    don't say, the user stands for the seller and the first operator for the business unit.
    """
    if shop.dialect is not Dialect.FALABELLA:
        return f"sellercenter-pipeline/{__version__}"
    version = ".".join(platform.python_version_tuple()[:2])
    unit = shop.business_unit or (shop.operators[0].upper() if shop.operators else "")
    parts = (shop.seller_id or shop.user_id, "Python", version, shop.integrator, unit)
    return "/".join(re.sub(r"[^\w.@+-]", "-", part, flags=re.ASCII) for part in parts)
