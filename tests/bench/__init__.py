"""What the media plane costs and how long it takes, measured on loopback: `python -m tests.bench [PART]`."""
