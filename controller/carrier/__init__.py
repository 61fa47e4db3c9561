"""The public network, played for tests and the demo: phones that dial, speak, press keys and listen.

A second Asterisk (asterisk-conf/carrier) is the network; `carrier` drives it over its own ARI, a `phone` is one leg
of it as a person would use it, and `listening` says what a person would have heard. `placed_call` and `demo` are the
scenarios behind `ari-controller call` and `make demo`.
"""
