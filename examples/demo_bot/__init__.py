"""A bot that shows every part of the protocol: speaks, listens, is interruptible, books, repeats, transfers.

`conversation` is the bot itself, without a socket; `__main__` is the WebSocket server around it. `speech` makes
its voice, `hearing` finds the caller's, `g711` and `resample` are the arithmetic of telephone audio.
"""
