"""A small cluster on this machine, on loopback: for tests, benchmarks and demonstrations, never for real work."""
