"""The built web interface and the headers that keep pages safe."""

from pathlib import Path

from flask import Flask, Response, request, send_from_directory

from backend.domain.errors import NotFoundError

FOR_EVER = "public, max-age=31536000, immutable"
HEADERS = {
    # Styles may stand in elements: the viewer and the components position things that way. Scripts may not.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def register(app: Flask, folder: Path | None) -> None:
    """Send the safety headers with everything; serve the web interface when there is one."""
    app.after_request(_with_headers)
    if folder is None:
        return

    def page(path: str = "") -> Response:
        if path == "api" or path.startswith("api/"):
            raise NotFoundError("There is nothing at this address of the API.")
        if path and (folder / path).is_file():
            response = send_from_directory(folder, path)
            # The build puts a hash of the content into the names below assets/.
            response.headers["Cache-Control"] = FOR_EVER if path.startswith("assets/") else "no-cache"
            return response
        if path.startswith("assets/"):
            raise NotFoundError(f"The web interface has no file {path}. Reload the page.")
        response = send_from_directory(folder, "index.html")
        response.headers["Cache-Control"] = "no-cache"
        return response

    app.add_url_rule("/", "website", page, methods=["GET"])
    app.add_url_rule("/<path:path>", "website_page", page, methods=["GET"])


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/api/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
