"""The page's files. They are static, come with the package, and ask for nothing from elsewhere."""

from __future__ import annotations

from email.utils import formatdate
from functools import cache
from http import HTTPStatus
from importlib import resources

from websockets.datastructures import Headers
from websockets.http11 import Response

from pipecat_voicelive.simulator import window

_FILES = {
    "/": ("page.html", "text/html"),
    "/simulator/page.css": ("page.css", "text/css"),
    "/simulator/page.js": ("page.js", "text/javascript"),
    "/simulator/timeline.js": ("timeline.js", "text/javascript"),
    "/simulator/words.js": ("words.js", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_response(path: str) -> Response | None:
    """The file at a path, None if there is none."""
    if path not in _FILES:
        return None
    name, kind = _FILES[path]
    body = _content(name)
    headers = Headers(
        [
            ("Date", formatdate(usegmt=True)),
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Content-Security-Policy", _POLICY),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
    )
    return Response(HTTPStatus.OK, HTTPStatus.OK.phrase, headers, body)


@cache
def _content(name: str) -> bytes:
    return resources.files(window).joinpath("static", name).read_bytes()
