"""Requests and feeds used and left, per seller, over all processes of this machine."""
