"""Catalog import pipeline for marketplaces that speak the Seller Center API."""

import os

__version__ = "0.1.0"

# Polars reads it once, when it is first imported: what it frees, the system then has back after a tenth of a
# second, and not after one and a half.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:100,muzzy_decay_ms:0")
