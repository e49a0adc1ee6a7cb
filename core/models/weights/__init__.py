"""Packaged start weights, each with its model card."""
