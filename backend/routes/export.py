"""Export of masks, outlines and areas."""

from flask import Response, send_file

from backend.domain.errors import InvalidError
from backend.routes.binding import Views, user
from backend.services.export import Export


def export_views(export: Export) -> Views:
    """The view that downloads a file."""

    def export_project(project: str, section: int | None, source: str | None, **asked: str | None) -> Response:
        file_format = asked["format"]
        if file_format is None:
            raise InvalidError("Exporting needs ?format=png, tiff, geojson or csv.")
        exported = export.export(user(), project, file_format, source or "annotations", section)
        response = send_file(exported.content, mimetype=exported.media_type, as_attachment=True, download_name=exported.name)
        response.headers["Cache-Control"] = "no-store"
        response.call_on_close(exported.content.close)
        return response

    return {"export_project": export_project}
