"""A call's SIP as a ladder of arrows: Asterisk copies its messages to us (HEP) for as long as somebody looks."""
