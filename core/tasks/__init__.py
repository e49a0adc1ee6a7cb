"""Use cases a job runs, one per file."""
