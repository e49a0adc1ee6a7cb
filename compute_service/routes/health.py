"""`GET /health` and `GET /check`."""

from flask import Blueprint, Response

from compute_service.services.check import CheckService
from compute_service.services.health import HealthService


def health_routes(health: HealthService, check: CheckService) -> Blueprint:
    """The routes that say how the service is, in a word and in detail."""
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    def read_health() -> dict[str, object]:
        return health.report()

    @routes.get("/check")
    def read_check() -> Response:
        return Response(check.report().model_dump_json(), mimetype="application/json")

    return routes
