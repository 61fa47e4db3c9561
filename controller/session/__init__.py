"""Runs calls.

`dispatcher` gives every event to the session of its call; `call_session` carries out what the call decides, with
`asterisk_legs` and `bot_legs`; `translation` knows everybody's vocabulary; `reconciliation` compares notes with
Asterisk after a gap.
"""
