"""One module per subcommand; heavy imports stay inside the functions so that `--help` is instant."""
