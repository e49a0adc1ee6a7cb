"""Section images: BigTIFF pyramids written, read, and resampled to any pixel size."""
