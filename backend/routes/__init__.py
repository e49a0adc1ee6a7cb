"""Thin views: parse, one service call, answer. `core.contracts.routes` is the table they are bound to."""
