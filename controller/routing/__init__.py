"""Where a call goes: from its numbers to a route, and the ladder of rungs that will be tried in order. Pure."""
