"""Judgements: what was seen goes in, findings come out. Pure."""
