"""Carriers and telephone systems: `trunks.toml` read and checked, made into Asterisk's configuration, and watched.

`reading` -> `trunk` (what one is) -> `rendering` -> `trunks_file` writes it and has Asterisk read it again.
"""
