"""Looks inside models."""

from flask import Response

from backend.routes.binding import Views, user
from backend.routes.predictions import png
from backend.services.inspections import Inspections
from core.contracts.api import InspectionView, NewInspection


def inspection_views(inspections: Inspections) -> Views:
    """Views of looks inside models."""

    def create_inspection(project: str, body: NewInspection) -> InspectionView:
        return inspections.create(user(), project, body)

    def read_inspection(project: str, job: str) -> InspectionView:
        return inspections.get(user(), project, job)

    def read_inspection_picture(project: str, job: str, picture: str) -> Response:
        return png(inspections.picture(user(), project, job, picture))

    return {
        "create_inspection": create_inspection,
        "read_inspection": read_inspection,
        "read_inspection_picture": read_inspection_picture,
    }
