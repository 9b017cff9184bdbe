"""Catalog → accepted rows + findings: parse cells, then let pandera judge what parsed."""
