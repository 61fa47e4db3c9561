"""Looking: at Asterisk, bots, files and the network. Every look has an end, and what fails is itself something seen."""
