"""Runs calls.

`dispatcher` gives every event to the session of its call; `call_session` asks the call, and `execution` carries out
what it decides, with the call's `legs`; `translation` knows everybody's vocabulary; `reconciliation` compares notes
with Asterisk after a gap.
"""
