"""Measured figures: `python -m benchmarks.NAME [--quick] --json FILE`. Speed is measured here, never asserted in tests."""
