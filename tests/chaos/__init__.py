"""Faults under live calls whose audio is checked all the while (`make chaos`), and calls for hours (`make soak`)."""
