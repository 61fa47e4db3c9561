"""The media plane: RTP from Asterisk on one side, the bot's WebSocket on the other, and one clock between.

Runs as a process of its own (`ari-controller media`), told what to do over the control link
(`control_messages`, `link_server` here, `link_client` in the controller).
"""

import os

# A worker has one core, and its matrix products are small: threads of the algebra library would only spin on the
# cores of its neighbours. The library reads this when numpy is imported for the first time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
