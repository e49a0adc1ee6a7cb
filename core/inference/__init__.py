"""Fully convolutional prediction of whole regions in tiles."""
