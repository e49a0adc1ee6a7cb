"""The `brodmann` command: the one place that knows every part."""
