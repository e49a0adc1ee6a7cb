"""Use cases in the users' words; they see ports, never adapters."""
