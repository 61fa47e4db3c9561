"""The messages of the native protocol as models; `bot.protocol` names and reads them all."""
