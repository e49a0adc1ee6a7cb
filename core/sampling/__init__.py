"""Where training patches come from: regions of interest, label rasters, balanced centres, augmented patches."""
