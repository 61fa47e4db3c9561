"""The command line's verbs, a file for each group; `cli` puts them together."""
