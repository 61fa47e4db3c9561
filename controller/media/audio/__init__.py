"""Audio as numpy arrays: codecs and what is heard."""
