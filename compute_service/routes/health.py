"""`GET /health`."""

from flask import Blueprint

from compute_service.services.health import HealthService


def health_routes(health: HealthService) -> Blueprint:
    """The route that says how the service is."""
    routes = Blueprint("health", __name__)

    @routes.get("/health")
    def read_health() -> dict[str, object]:
        return health.report()

    return routes
