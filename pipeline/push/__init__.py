"""Plan → feeds → outcomes: prepares the way back before the way forward.

A batch goes: re-read its products → journal intent, body and before-values → POST → journal the
answer → poll → read the feed's errors → re-read to verify. What is lost on the way is reconciled
before anything else is sent for the same products.
"""
