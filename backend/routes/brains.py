"""Brains, and the tiles of their sections."""

from flask import Response

from backend.routes.binding import Views
from backend.services.brains import Brains
from backend.services.images import Images
from core.contracts.api import BrainList
from core.contracts.datasets import Alignment, Brain, TilePyramid

# Only in the browser that asked: a cache between it and us would show images to people who are not logged in.
FOR_EVER = "private, max-age=31536000, immutable"


def brain_views(brains: Brains, images: Images) -> Views:
    """Views of brain datasets; every logged-in user may look at every brain."""

    def list_brains() -> BrainList:
        return brains.all()

    def read_brain(brain: str) -> Brain:
        return brains.brain(brain)

    def read_alignment(brain: str) -> Alignment:
        return brains.alignment(brain)

    def read_pyramid(brain: str, section: int) -> TilePyramid:
        return images.pyramid(brain, section)

    def read_tile(brain: str, section: int, version: str, **address: int) -> Response:
        return _jpeg(images.tile(brain, section, version, (address["level"], address["column"], address["row"])))

    def read_crop(brain: str, section: int, version: str, **box: int | None) -> Response:
        x, y, width, height = (box[name] or 0 for name in ("x", "y", "width", "height"))
        name = f"{brain}_{section:04d}_x{x}_y{y}_{width}x{height}.png"
        content = images.crop(brain, section, version, (x, y, width, height))
        headers = {"Cache-Control": FOR_EVER, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, mimetype="image/png", headers=headers)

    def read_thumbnail(brain: str, section: int, version: str) -> Response:
        return _jpeg(images.thumbnail(brain, section, version))

    return {
        "list_brains": list_brains,
        "read_brain": read_brain,
        "read_alignment": read_alignment,
        "read_pyramid": read_pyramid,
        "read_tile": read_tile,
        "read_crop": read_crop,
        "read_thumbnail": read_thumbnail,
    }


def _jpeg(content: bytes) -> Response:
    return Response(content, mimetype="image/jpeg", headers={"Cache-Control": FOR_EVER})
