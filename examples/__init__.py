"""Bots to copy from. They speak docs/bot-protocol.md; only `sdk_bot` imports the Python library for it."""
