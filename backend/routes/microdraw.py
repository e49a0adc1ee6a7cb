"""Microdraw's own addresses, beside the table of our API: what its Python client and old links call.

Reading and writing need a session or `?token=`; a session that writes needs its CSRF token too. Nothing is fetched from
elsewhere and nothing is evaluated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from flask import Flask, jsonify, redirect, request
from werkzeug.wrappers import Response as WerkzeugResponse

from backend.domain.errors import InvalidError, NotFoundError, NotLoggedInError
from backend.routes.binding import token as session_token
from backend.services.microdraw import Microdraw
from backend.services.microdraw_tokens import MicrodrawTokens
from backend.services.sessions import Sessions

PREFIX = "microdraw_"  # of the names of these routes, which are no routes of our table
View = Callable[..., WerkzeugResponse]
# Open proxies, pages, and logging in over a link: refused, with what there is instead.
REFUSED = ("getTile", "getJson", "image", "localLogin", "localSignup", "auth/github")


@dataclass(frozen=True, slots=True)
class _Views:
    microdraw: Microdraw
    tokens: MicrodrawTokens
    sessions: Sessions

    def _caller(self) -> str:
        given = request.args.get("token")
        if given:
            return self.tokens.user(given).name
        user = self.sessions.user(session_token())
        if request.method != "GET":
            self.sessions.check_csrf(session_token() or "", request.headers.get("X-CSRF-Token"))
        return user.name

    def data(self, project: str = "") -> WerkzeugResponse:
        place = _place()
        try:
            found, _, section = self.microdraw.section(
                self._caller(), project or place["project"], place["source"], place["slice"]
            )
        except (NotFoundError, NotLoggedInError):
            return redirect("/")  # to log in, or to the list of one's projects
        return redirect(f"/p/{quote(found.id)}/s/{section.number}")

    def read(self) -> WerkzeugResponse:
        return jsonify(self.microdraw.regions(self._caller(), _place(), "backup" in request.args))

    def save(self) -> WerkzeugResponse:
        user, body = self._caller(), request.get_json(silent=True)
        if not isinstance(body, dict) or body.get("action") != "save" or not isinstance(body.get("annotation"), str):
            raise InvalidError("The body is JSON with action save, source, slice, project, and annotation as text.")
        place = {name: str(body.get(name, "")) for name in ("source", "slice", "project")}
        return jsonify(self.microdraw.save(user, place, body["annotation"]))

    def upload(self) -> WerkzeugResponse:
        user, file = self._caller(), request.files.get("data")
        if file is None:
            raise InvalidError("The file comes as the form's field data.")
        return jsonify(self.microdraw.upload(user, _place(), request.args.get("action", "save"), file.stream.read()))

    def make_token(self) -> WerkzeugResponse:
        user = self.sessions.user(session_token())  # a token makes no tokens
        made, expires_at = self.tokens.make(user)
        return jsonify({"token": made, "expiryDate": expires_at * 1000, "username": user.name})

    def projects(self) -> WerkzeugResponse:
        return jsonify(self.microdraw.names(self._caller()))

    def project(self, project: str) -> WerkzeugResponse:
        return jsonify(self.microdraw.project(self._caller(), project, request.host_url))

    def source(self, brain: str) -> WerkzeugResponse:
        return jsonify(self.microdraw.source(self._caller(), brain))

    def refused(self) -> WerkzeugResponse:
        raise NotFoundError(
            "Microdraw's proxies and logins are not here. Log in at /, and take a token at /token for programs."
        )


def register(app: Flask, microdraw: Microdraw, tokens: MicrodrawTokens, sessions: Sessions) -> None:
    """Add the routes."""
    views = _Views(microdraw, tokens, sessions)
    table: list[tuple[str, str, View]] = [
        ("GET", "/data", views.data),
        ("GET", "/project/<project>", views.data),
        ("GET", "/api", views.read),
        ("POST", "/api", views.save),
        ("POST", "/api/upload", views.upload),
        ("GET", "/token", views.make_token),
        ("GET", "/project/json", views.projects),
        ("GET", "/project/json/<project>", views.project),
        ("GET", "/microdraw/<brain>.json", views.source),
        *(("GET", f"/{name}", views.refused) for name in REFUSED),
    ]
    for number, (method, path, view) in enumerate(table):
        app.add_url_rule(path, f"{PREFIX}{number}", _unstored(view), methods=[method])


def _unstored(view: View) -> View:
    def endpoint(**arguments: str) -> WerkzeugResponse:
        response = view(**arguments)
        response.headers["Cache-Control"] = "no-store"
        return response

    return endpoint


def _place() -> dict[str, str]:
    return {name: request.args.get(name, "") for name in ("source", "slice", "project")}
