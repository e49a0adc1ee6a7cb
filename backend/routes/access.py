"""Health, the OpenAPI document, and the session."""

from importlib import resources

from flask import Response

from backend.routes.binding import COOKIE, Views, current_user, token
from backend.services.accounts import Accounts
from backend.services.health import HealthCheck
from backend.services.sessions import LIFETIME, Sessions
from core.contracts.api import Health, Login, NewPassword, Session


def access_views(accounts: Accounts, sessions: Sessions, health: HealthCheck, secure_cookies: bool) -> Views:
    """Views of the routes anybody may call, and of logging in and out."""

    def read_health() -> Health:
        return health.read()

    def read_openapi() -> Response:
        text = resources.files("core.contracts").joinpath("generated/openapi.json").read_text("utf-8")
        return Response(text, mimetype="application/json")

    def log_in(body: Login) -> Response:
        value, session = sessions.open(accounts.check(body.name, body.password))
        response = Response(session.model_dump_json(), mimetype="application/json", headers={"Cache-Control": "no-store"})
        response.set_cookie(COOKIE, value, max_age=LIFETIME, httponly=True, samesite="Strict", secure=secure_cookies, path="/")
        return response

    def read_session() -> Session:
        current_user()
        return sessions.session(token())

    def log_out() -> Response:
        sessions.end(token() or "")
        response = Response(status=204)
        response.delete_cookie(COOKIE, path="/")
        return response

    def change_password(body: NewPassword) -> Response:
        name = current_user().name
        accounts.change_password(name, body.current, body.wanted)
        sessions.end_all(name, but=token() or "")
        return Response(status=204)

    return {
        "read_health": read_health,
        "read_openapi": read_openapi,
        "log_in": log_in,
        "read_session": read_session,
        "log_out": log_out,
        "change_password": change_password,
    }
