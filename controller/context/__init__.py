"""What a bot is told about the caller before it says hello: earlier calls, and what the company's own systems know.

Gathered while the phone rings, within a deadline: whatever is late or broken is left out, and the call goes on.
"""
