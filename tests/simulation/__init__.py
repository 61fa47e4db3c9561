"""Calls played in virtual time against an Asterisk, a media worker and people that are made up, with every fault.

`world` is what a call meets: it obeys the call's commands and lets things happen, by the seed. `successor` lets the
controller die and another go on. `invariants` holds what must be true after every event. `python -m tests.simulation
SEED` tells one call, event by event.
"""
