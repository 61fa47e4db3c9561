"""The bot's side: the native protocol (pure models) and the WebSocket connection that speaks it."""
