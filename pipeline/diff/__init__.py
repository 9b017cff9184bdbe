"""Accepted rows × Snapshot × Memory → Plan: the heart. Decides what would change; sends nothing."""
