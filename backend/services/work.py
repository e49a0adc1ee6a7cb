"""Reads what a project has: annotated places, newest predictions and their newest reviews."""

from backend.domain.collections import ANNOTATIONS, PREDICTIONS, REVIEWS
from backend.domain.marks import Work, newest_predictions
from backend.domain.outlines import is_region
from backend.ports import Document, DocumentStore, Query
from backend.services.documents import read
from core.contracts.projects import Prediction, Review

WITHDRAWN = "withdrawn"
"""Key of a stored review that takes the one before it back: it repeats that verdict, and none stands."""


class WorkReader:
    """Answers from key fields and small documents only; outlines stay in the store."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    def of(self, project_id: str) -> Work:
        """Everything of one project."""
        live = Query({"project": project_id, "state": "live"}, only=("section", "area", "shape"))
        places = (place for place in self._store.find(ANNOTATIONS, live) if is_region(place))
        annotated = frozenset((int(place["section"]), str(place["area"])) for place in places)
        predictions = [read(Prediction, found) for found in self._store.find(PREDICTIONS, Query({"project": project_id}))]
        reviews = self._newest_reviews(project_id)
        reviewed = (prediction.model_copy(update={"review": reviews.get(prediction.id)}) for prediction in predictions)
        return Work(annotated=annotated, newest=newest_predictions(reviewed))

    def _newest_reviews(self, project_id: str) -> dict[str, Review | None]:
        documents = self._store.find(REVIEWS, Query({"project": project_id}))
        return {document["prediction"]: standing(document) for document in sorted(documents, key=lambda found: found["seq"])}


def standing(newest: Document) -> Review | None:
    """The verdict that a prediction's newest review leaves; None where it was taken back."""
    return None if newest.get(WITHDRAWN) else read(Review, newest)
