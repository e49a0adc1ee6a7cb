"""The web process: `gunicorn -c python:backend.gunicorn_conf 'backend.app:create_app()'`."""

from flask import Flask

from backend import settings as from_outside
from backend.routes import (
    access,
    annotations,
    binding,
    brain_jobs,
    brains,
    changes,
    derived,
    errors,
    export,
    imports,
    inspections,
    mapping,
    microdraw,
    predictions,
    projects,
    proposals,
    training,
    website,
)
from backend.settings import Settings
from backend.wiring import Services, build

LARGEST_BODY_BYTES = 64 << 20


def create_app(settings: Settings | None = None, services: Services | None = None) -> Flask:
    """The application; settings come from the environment unless given."""
    settings = settings or from_outside.from_environment()
    services = services or build(settings)
    app = Flask("brodmann", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY_BYTES
    app.url_map.strict_slashes = False
    errors.register(app)
    website.register(app, settings.webui)
    microdraw.register(app, services.microdraw, services.microdraw_tokens, services.sessions)
    binding.bind(app, views(services, settings.secure_cookies), services.sessions)
    return app


def views(services: Services, secure_cookies: bool) -> binding.Views:
    """Every view by the name of its route."""
    return {
        **access.access_views(services.accounts, services.sessions, services.health, secure_cookies),
        **brains.brain_views(services.brains, services.images),
        **brain_jobs.brain_job_views(services.brain_jobs),
        **derived.derived_views(services.derived, services.tissue, services.alignment),
        **projects.project_views(services.projects),
        **annotations.annotation_views(services.annotations, services.section_lists),
        **proposals.proposal_views(services.proposals, services.suggestions),
        **training.training_views(services.tasks, services.jobs),
        **predictions.prediction_views(services.predictions),
        **inspections.inspection_views(services.inspections),
        **mapping.mapping_views(services.mapping),
        **export.export_views(services.export),
        **imports.import_views(services.imports, services.stored_imports),
        **changes.change_views(services.changes, services.presence, services.projects),
    }
