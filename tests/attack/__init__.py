"""Attacks on the project's own containers, over loopback addresses, bounded in count and time: SECURITY.md."""
