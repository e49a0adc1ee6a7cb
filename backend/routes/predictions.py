"""Predictions, reviews and corrections."""

from flask import Response

from backend.routes.binding import Views, user
from backend.services.predictions import Predictions
from core.contracts.api import NewReview, OutlineList, PredictionList, SavedAnnotation
from core.contracts.projects import Prediction

# Rasters never change, but they are for members only: the browser keeps them, no cache in between does.
KEPT = "private, max-age=31536000, immutable"


def prediction_views(predictions: Predictions) -> Views:
    """Views of predictions."""

    def list_predictions(project: str, section: int) -> PredictionList:
        return predictions.of_section(user(), project, section)

    def read_label_raster(project: str, prediction: str) -> Response:
        return png(predictions.raster(user(), project, prediction, "label"))

    def read_confidence_raster(project: str, prediction: str) -> Response:
        return png(predictions.raster(user(), project, prediction, "confidence"))

    def read_probability_raster(project: str, prediction: str) -> Response:
        return png(predictions.raster(user(), project, prediction, "probability"))

    def read_entropy_raster(project: str, prediction: str) -> Response:
        return png(predictions.raster(user(), project, prediction, "entropy"))

    def read_prediction_outline(project: str, prediction: str) -> OutlineList:
        return predictions.outline(user(), project, prediction)

    def review_prediction(project: str, prediction: str, body: NewReview) -> Prediction:
        return predictions.review(user(), project, prediction, body)

    def correct_prediction(project: str, prediction: str) -> SavedAnnotation:
        return predictions.correct(user(), project, prediction)

    return {
        "list_predictions": list_predictions,
        "read_label_raster": read_label_raster,
        "read_confidence_raster": read_confidence_raster,
        "read_probability_raster": read_probability_raster,
        "read_entropy_raster": read_entropy_raster,
        "read_prediction_outline": read_prediction_outline,
        "review_prediction": review_prediction,
        "correct_prediction": correct_prediction,
    }


def png(content: bytes) -> Response:
    """A picture that never changes."""
    return Response(content, mimetype="image/png", headers={"Cache-Control": KEPT})
