"""`ari-controller setup`: a few questions, the files that answer them, and a test of each answer."""
