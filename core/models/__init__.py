"""Networks, one per file, built from shared blocks; `factory.build_model` makes them by name."""
