"""The media plane: RTP from Asterisk on one side, the bot's WebSocket on the other, and one clock between.

Runs as a process of its own (`ari-controller media`), told what to do over the control link
(`control_messages`, `link_server` here, `link_client` in the controller).
"""
