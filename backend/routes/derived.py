"""What is computed of a brain, and corrected by hand."""

from flask import Response

from backend.routes.binding import Views, user
from backend.routes.brains import FOR_EVER
from backend.services.alignment import AlignmentByHand
from backend.services.derived import Derived
from backend.services.tissue import Tissue
from core.contracts.api import BrainSections, SaveTissueCorrection, SetStep, TissueView
from core.contracts.datasets import Alignment


def derived_views(derived: Derived, tissue: Tissue, alignment: AlignmentByHand) -> Views:
    """Views of sections' states, tissue classes and steps; every logged-in user may look."""

    def list_brain_sections(brain: str) -> BrainSections:
        return derived.sections(brain)

    def read_tissue(brain: str, section: int) -> TissueView:
        return tissue.view(brain, section)

    def read_tissue_raster(brain: str, section: int, version: str) -> Response:
        content = tissue.raster(brain, section, version)
        return Response(content, mimetype="image/png", headers={"Cache-Control": FOR_EVER})

    def save_tissue_correction(brain: str, section: int, body: SaveTissueCorrection) -> TissueView:
        return tissue.correct(user(), brain, section, body)

    def set_step(brain: str, section: int, body: SetStep) -> Alignment:
        return alignment.set_step(user(), brain, section, body.transform)

    def unset_step(brain: str, section: int) -> Alignment:
        return alignment.unset_step(user(), brain, section)

    return {
        "list_brain_sections": list_brain_sections,
        "read_tissue": read_tissue,
        "read_tissue_raster": read_tissue_raster,
        "save_tissue_correction": save_tissue_correction,
        "set_step": set_step,
        "unset_step": unset_step,
    }
