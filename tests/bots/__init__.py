"""Bots of other protocols, written from their vendors' documentation: what a bot author would run."""
