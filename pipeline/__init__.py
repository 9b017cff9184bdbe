"""Catalog import pipeline for marketplaces that speak the Seller Center API."""

__version__ = "0.1.0"
