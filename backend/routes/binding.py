"""Binds views to the route table: who may call, what the body is and what the answer is come from the table alone."""

import re
from collections.abc import Callable, Mapping

from flask import Flask, Response, g, request
from pydantic import BaseModel, ValidationError

from backend.domain.errors import InvalidError, LengthRequiredError, MalformedError, UnsupportedMediaError
from backend.routes.errors import describe
from backend.services.sessions import Sessions
from core.contracts.projects import User
from core.contracts.routes import ROUTES, Route

COOKIE = "brodmann_session"
View = Callable[..., BaseModel | Response | None]
Views = Mapping[str, View]
# Path parameters that are numbers; all others are looked up as they are, never made into paths.
NUMBERS = ("section", "level", "column", "row")


def bind(app: Flask, views: Views, sessions: Sessions) -> None:
    """Register every route of the table; KeyError names one without a view, ValueError a view without a route."""
    if strangers := set(views) - {route.name for route in ROUTES}:
        raise ValueError(f"views without a route: {sorted(strangers)}")
    for route in ROUTES:
        app.add_url_rule(
            flask_path(route.path), route.name, _endpoint(route, views[route.name], sessions), methods=[route.method]
        )


def flask_path(path: str) -> str:
    """`/api/brains/{brain}` in Flask's notation."""
    return re.sub(r"\{(\w+)\}", lambda match: f"<{'int:' if match[1] in NUMBERS else ''}{match[1]}>", path)


def user() -> str:
    """The name of the user who makes this request."""
    return current_user().name


def current_user() -> User:
    """The user who makes this request."""
    logged_in: User = g.user
    return logged_in


def token() -> str | None:
    """The session token of this request."""
    return request.cookies.get(COOKIE)


def already_json(text: str | bytes, status: int = 200) -> Response:
    """The answer of a view that is JSON already; it changes, so nobody keeps it."""
    response = Response(text, status=status, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _endpoint(route: Route, view: View, sessions: Sessions) -> Callable[..., Response]:
    def endpoint(**arguments: object) -> Response:
        if not route.public:
            g.user = sessions.user(token())
            if route.method != "GET":
                sessions.check_csrf(token() or "", request.headers.get("X-CSRF-Token"))
        arguments |= _query(route)
        if route.body is not None:
            arguments["body"] = _body(route.body)
        return _response(view(**arguments), route.status)

    return endpoint


def _query(route: Route) -> dict[str, str | int | None]:
    """The query parameters the table names; None for those not given."""
    found: dict[str, str | int | None] = {}
    for name, kind in route.query:
        text = request.args.get(name)
        if text is not None and kind is int and not re.fullmatch(r"\d{1,15}", text):
            raise InvalidError(f"The parameter {name} is a whole number, got {text[:40]!r}.")
        found[name] = int(text) if text is not None and kind is int else text
    return found


def _body(shape: type[BaseModel]) -> BaseModel:
    if "Transfer-Encoding" in request.headers:
        raise LengthRequiredError("The body comes in chunks without a Content-Length. Send it with its length.")
    if request.mimetype != "application/json":
        raise UnsupportedMediaError(f"The body is {request.mimetype or 'of no type'}; send application/json.")
    try:
        return shape.model_validate_json(request.get_data(cache=False))
    except ValidationError as error:
        message, details = describe(error)
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedError(message.replace("The request does not fit: the body", "The body is no JSON")) from error
        raise InvalidError(message, details, code="invalid_request") from error


def _response(result: BaseModel | Response | None, status: int) -> Response:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(status=status)
    return already_json(result.model_dump_json(), status)
