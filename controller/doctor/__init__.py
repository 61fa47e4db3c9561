"""What is wrong, and how to mend it: `ari-controller doctor`, and what else helps who looks for a fault.

`observe` looks, and knows nothing of right and wrong; `checks` judge what was seen, and touch nothing; `examination`
brings the two together in the order in which a call would meet them.
"""
