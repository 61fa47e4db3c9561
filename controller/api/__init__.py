"""The HTTP API. So far: health."""
