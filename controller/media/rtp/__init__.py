"""RTP (RFC 3550) as data: packets and the order they came in."""
