"""One file a subcommand of the command line; each has one SUBCOMMAND record."""
