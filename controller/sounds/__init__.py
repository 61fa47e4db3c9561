"""Sounds that a caller hears from us: spoken text, WAV files and what Asterisk has, made ready for it to play.

`sound` says what to play and `wav` reads and writes files (both pure); `speech` runs espeak-ng; `sounds` keeps the
files in a folder that Asterisk sees under the same path.
"""
