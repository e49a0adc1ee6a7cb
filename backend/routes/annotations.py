"""Annotations and their history."""

from flask import Response

from backend.domain.errors import InvalidError
from backend.routes.binding import Views, already_json, user
from backend.services.annotations import Annotations
from backend.services.section_lists import SectionLists
from core.contracts.annotations import AnnotationVersions
from core.contracts.api import AnnotationList, RevisionList, SaveAnnotation, SavedAnnotation


def annotation_views(annotations: Annotations, lists: SectionLists) -> Views:
    """Views of annotations."""

    def list_annotations(project: str, section: int, only: str | None) -> Response:
        if only is None:
            return already_json(lists.whole(user(), project, section))
        return already_json(lists.some(user(), project, section, only.split(",")))

    def list_versions(project: str, section: int) -> AnnotationVersions:
        return lists.versions(user(), project, section)

    def list_deleted_annotations(project: str, section: int) -> AnnotationList:
        return annotations.deleted(user(), project, section)

    def save_annotation(project: str, uid: str, body: SaveAnnotation) -> SavedAnnotation:
        return annotations.save(user(), project, uid, body)

    def delete_annotation(project: str, uid: str, version: int | None) -> SavedAnnotation:
        if version is None:
            raise InvalidError("Deleting a region needs ?version=, the version you saw.")
        return annotations.delete(user(), project, uid, version)

    def list_revisions(project: str, uid: str) -> RevisionList:
        return annotations.revisions(user(), project, uid)

    return {
        "list_annotations": list_annotations,
        "list_annotation_versions": list_versions,
        "list_deleted_annotations": list_deleted_annotations,
        "save_annotation": save_annotation,
        "delete_annotation": delete_annotation,
        "list_revisions": list_revisions,
    }
