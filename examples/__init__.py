"""Bots to copy from. They speak docs/bot-protocol.md and import nothing of the controller."""
