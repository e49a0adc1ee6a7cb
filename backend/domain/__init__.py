"""Rules over the contracts' shapes; pure, no stores, no web."""
