"""Who guesses passwords or numbers at Asterisk's SIP port is shut out for a while (docs/security.md)."""
