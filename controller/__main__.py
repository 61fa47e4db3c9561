"""`python -m controller` is `ari-controller`."""

from controller.cli import main

main()
