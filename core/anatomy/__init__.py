"""Where things lie in the brain: section alignment and transform chains."""
