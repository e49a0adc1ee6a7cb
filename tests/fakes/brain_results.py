"""Results of jobs on a brain, as the compute service gives them."""

import numpy as np

from core.contracts.anatomy import SectionTissue
from core.contracts.datasets import Alignment, AlignmentQuality, AlignmentStep, RasterGrid, RigidTransform
from core.datasets.tissue import Labels, encode_tissue

GRID = RasterGrid(pixel_size_um=64, width_px=87, height_px=62)


def labels_of(value: int) -> Labels:
    """One class everywhere on the small brain's grid."""
    return np.full((GRID.height_px, GRID.width_px), value, np.uint8)


def tissue_files(section: int, value: int = 1) -> dict[str, bytes]:
    """A section of one tissue class."""
    document = SectionTissue(section=section, grid=GRID, label_file=f"{section}.png", gray_mm2=0, white_mm2=22.0)
    return {
        f"tissue/{section}.png": encode_tissue(labels_of(value), GRID),
        f"tissue/{section}.json": document.model_dump_json().encode(),
    }


def alignment_file(pairs: tuple[tuple[int, int], ...], dx_um: float = 7.0) -> dict[str, bytes]:
    """All steps by the same way."""
    quality = AlignmentQuality(matches=20, inliers=15, weak=False)
    transform = RigidTransform(dx_um=dx_um)
    steps = tuple(AlignmentStep(section=a, successor=b, transform=transform, residual_um=5, quality=quality) for a, b in pairs)
    return {"alignment.json": Alignment(base_section=pairs[0][0], steps=steps).model_dump_json().encode()}
