"""Predictions, their rasters and outlines, and people's verdicts on them."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.domain.collections import PREDICTIONS, REVIEWS
from backend.domain.contours import SPECK_UM2, outline
from backend.domain.errors import ConflictError, NotFoundError, UnreadableDataError
from backend.domain.keys import derived_key
from backend.domain.marks import newest_predictions
from backend.domain.permissions import Action
from backend.ports import BlobStore, MissingDocumentError, Query
from backend.services.annotations import Annotations, Region
from backend.services.brains import find_section
from backend.services.documents import read
from backend.services.predicted import BORDER, RasterKind, blob_name, border_name
from backend.services.projects import Projects
from backend.services.records import Records
from backend.services.work import WITHDRAWN, standing
from core.contracts.annotations import Annotation, Drawing, FromPrediction
from core.contracts.api import NewReview, OutlineList, PredictionList, SavedAnnotation
from core.contracts.projects import Prediction, Project, Review, Verdict
from core.contracts.training import AREA

# Predictions of older releases have no such rasters.
SINCE_CALIBRATION: tuple[RasterKind, ...] = ("probability", "entropy")


class Predictions:
    """Rasters of finished jobs; immutable, with the newest review beside them."""

    def __init__(self, records: Records, blobs: BlobStore, projects: Projects, annotations: Annotations) -> None:
        self._records = records
        self._blobs = blobs
        self._projects = projects
        self._annotations = annotations

    def of_section(self, user: str, project_id: str, section: int) -> PredictionList:
        """The newest prediction of each area on a section."""
        project = self._projects.get(user, project_id)
        find_section(self._projects.brain(project), section)
        return PredictionList(predictions=self.newest(project_id, section))

    def newest(self, project_id: str, section: int) -> tuple[Prediction, ...]:
        """The newest prediction of each area on a section with border and newest review, for a caller that checked the user."""
        found = self._records.store.find(PREDICTIONS, Query({"project": project_id, "section": section}))
        newest = newest_predictions(read(Prediction, document) for document in found)
        return tuple(self._whole(newest[place]) for place in sorted(newest))

    def get(self, user: str, project_id: str, prediction_id: str, action: Action = Action.LOOK) -> Prediction:
        """One prediction with its border and its newest review; NotFoundError."""
        self._projects.get(user, project_id, action)
        try:
            document = self._records.store.get(PREDICTIONS, f"{project_id}/{prediction_id}")
        except MissingDocumentError:
            raise NotFoundError(f"Project {project_id} has no prediction {prediction_id}.") from None
        return self._whole(read(Prediction, document))

    def raster(self, user: str, project_id: str, prediction_id: str, kind: RasterKind) -> bytes:
        """One of the prediction's rasters as 8-bit PNG; NotFoundError where it never had this one."""
        return self._raster(self.get(user, project_id, prediction_id), kind)

    def outline(self, user: str, project_id: str, prediction_id: str) -> OutlineList:
        """The area's outline in section µm, without specks; empty when the area is not predicted on this section."""
        prediction = self.get(user, project_id, prediction_id)
        return OutlineList(paths=outline(self.mask(prediction), prediction.grid, SPECK_UM2))

    def mask(self, prediction: Prediction) -> NDArray[np.bool_]:
        """Where the area was predicted, on the prediction's grid."""
        with Image.open(io.BytesIO(self._raster(prediction, "label")), formats=["PNG"]) as image:
            return np.asarray(np.asarray(image, np.uint8) == AREA, np.bool_)

    def review(self, user: str, project_id: str, prediction_id: str, new: NewReview) -> Prediction:
        """Accept, reject, or take the newest verdict back. The same sent again by the same person is one verdict."""
        prediction = self.get(user, project_id, prediction_id, Action.REVIEW)
        before = prediction.review
        if new.verdict == "withdrawn":
            return self._withdrawn(user, prediction)
        if before and (before.author, before.verdict, before.reason) == (user, new.verdict, new.reason):
            return prediction
        review = self._append_review(prediction, user, new.verdict, reason=new.reason)
        return prediction.model_copy(update={"review": review})

    def _withdrawn(self, user: str, prediction: Prediction) -> Prediction:
        if prediction.review is None:
            return prediction
        now = self._records.clock.now()
        review_id = derived_key("review", prediction.id, user, now.isoformat())
        self._append(
            prediction, prediction.review.model_copy(update={"id": review_id, "author": user, "at": now}), withdrawn=True
        )
        return prediction.model_copy(update={"review": None})

    def correct(self, user: str, project_id: str, prediction_id: str) -> SavedAnnotation:
        """Make the prediction an annotation that can be edited, with its lineage.

        Asked twice it is the same annotation. ConflictError when somebody has annotated the area on this section, or when
        the prediction holds nothing of it.
        """
        prediction = self.get(user, project_id, prediction_id, Action.REVIEW)
        project = self._projects.get(user, project_id, Action.ANNOTATE)
        uid = derived_key("correction", prediction.id)
        existing = self._annotations.current(project_id, uid)
        if existing and not existing.deleted:
            saved = SavedAnnotation(annotation=existing)
        else:
            saved = self._corrected(user, project, prediction, existing, uid)
        if prediction.review is None or (prediction.review.verdict, prediction.review.annotation) != ("corrected", uid):
            self._append_review(prediction, user, "corrected", annotation=uid)
        return saved

    def _corrected(
        self, user: str, project: Project, prediction: Prediction, existing: Annotation | None, uid: str
    ) -> SavedAnnotation:
        place = f"{prediction.area} on section {prediction.section}"
        if self._annotations.live(project.id, section=prediction.section, area=prediction.area):
            raise ConflictError(
                f"{place} is annotated already. Edit that annotation, or delete it and correct the prediction then.",
                code="already_annotated",
            )
        paths = outline(self.mask(prediction), prediction.grid, SPECK_UM2)
        if not paths:
            raise ConflictError(
                f"The prediction holds nothing of {place}, so there is nothing to correct. Draw it, or accept this.",
                code="nothing_predicted",
            )
        drawing = Drawing(area=prediction.area, paths=paths)
        region = Region(uid, prediction.section, drawing, FromPrediction(prediction=prediction.id))
        return self._annotations.save_region(user, project, region, existing.version if existing else 0)

    def _append_review(
        self, prediction: Prediction, user: str, verdict: Verdict, reason: str = "", annotation: str | None = None
    ) -> Review:
        now = self._records.clock.now()
        review = Review(
            id=derived_key("review", prediction.id, user, now.isoformat()),
            prediction=prediction.id,
            verdict=verdict,
            reason=reason,
            annotation=annotation,
            author=user,
            at=now,
        )
        self._append(prediction, review)
        return review

    def _append(self, prediction: Prediction, review: Review, withdrawn: bool = False) -> None:
        document = {**review.model_dump(mode="json"), "project": prediction.project, WITHDRAWN: withdrawn}
        self._records.store.append(REVIEWS, document, stream="prediction")
        self._records.changes.tell(prediction.project, "review", prediction.id, prediction.section, review.author)

    def _whole(self, prediction: Prediction) -> Prediction:
        """With what is stored apart from it: its border, which older releases did not have, and its newest review."""
        try:
            border = BORDER.validate_json(self._blobs.read(border_name(prediction)))
        except FileNotFoundError:
            border = prediction.border
        newest = Query({"prediction": prediction.id}, order_by="seq", descending=True, limit=1)
        review = next((standing(found) for found in self._records.store.find(REVIEWS, newest)), None)
        return prediction.model_copy(update={"review": review, "border": border})

    def _raster(self, prediction: Prediction, kind: RasterKind) -> bytes:
        try:
            return self._blobs.read(blob_name(prediction, kind))
        except FileNotFoundError as error:
            if kind in SINCE_CALIBRATION:
                raise NotFoundError(
                    f"There is no {kind} raster of {prediction.area} on section {prediction.section}: this prediction was "
                    "made by an older release. Train again to have one.",
                    code="no_raster",
                ) from error
            raise UnreadableDataError(
                f"The {kind} raster of prediction {prediction.id} is missing from the store. Restore it, or train again."
            ) from error
