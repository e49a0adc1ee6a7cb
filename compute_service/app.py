"""The web process: `gunicorn 'compute_service.app:create_app()'`."""

import os
from importlib.metadata import version

from flask import Flask

from compute_service.routes.access import token_check
from compute_service.routes.errors import register_error_handlers
from compute_service.routes.health import health_routes
from compute_service.routes.jobs import job_routes
from compute_service.services.check import CheckService
from compute_service.services.health import HealthService
from compute_service.settings import Settings
from compute_service.wiring import build_jobs, scheduler_name

BODY_LIMIT_BYTES = 64 << 20


def create_app(settings: Settings | None = None) -> Flask:
    """The application; settings come from the environment where none are given."""
    settings = settings or Settings.from_environment(os.environ)
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT_BYTES
    app.before_request(token_check(settings.token()))
    name = scheduler_name(settings)
    health = HealthService(settings.brains, settings.jobs, version("brodmann"), name)
    check = CheckService(settings.brains, settings.jobs, version("brodmann"), name)
    app.register_blueprint(health_routes(health, check))
    app.register_blueprint(job_routes(build_jobs(settings)))
    register_error_handlers(app)
    return app
