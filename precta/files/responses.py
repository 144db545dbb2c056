"""Giving files out: private ones to whom the view has let in, pictures to everybody."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from precta.files.checks import EXTENSIONS, PDF, safe_name
from precta.files.exceptions import FileUnreadable
from precta.files.store import PUBLIC_NAME, open_stored, public_store, size_stored

BY_ENDING = {endings[0]: kind for kind, endings in EXTENSIONS.items()}
A_YEAR = 365 * 24 * 3600
# Chromium refuses to show a PDF in a sandbox at all; its viewer is sandboxed by itself.
NOTHING_RUNS = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"

FRAMED, ALONE = "'self'", "'none'"


def private_response(
    key: str, *, name: str, content_type: str, inline: bool = True, framed: bool = False
) -> StreamingHttpResponse:
    """The file under `key`, decrypted as it goes out; 404 when it is not there. Who may see it the caller has checked.

    Nothing keeps a copy, nothing in it runs, and its name can be saved anywhere. `framed`: a page of the same origin
    may show it in a frame. Raises Http404.
    """
    if content_type not in EXTENSIONS:
        content_type, inline = "application/octet-stream", False
    try:
        response = StreamingHttpResponse(open_stored(key), content_type=content_type)
        response["Content-Length"] = size_stored(key)
    except FileUnreadable:
        raise Http404 from None
    ending = EXTENSIONS[content_type][0] if content_type in EXTENSIONS else "bin"
    response["Content-Disposition"] = content_disposition_header(not inline, safe_name(name, ending)) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    policy = NOTHING_RUNS if content_type == PDF else f"{NOTHING_RUNS}; sandbox"
    response["Content-Security-Policy"] = f"{policy}; frame-ancestors {FRAMED if framed else ALONE}"
    if framed:
        response["X-Frame-Options"] = "SAMEORIGIN"
    add_never_cache_headers(response)
    return response


def drawn_pdf(data: bytes, *, name: str) -> HttpResponse:
    """A PDF that was drawn for this answer and is kept nowhere. Who may see it the caller has checked."""
    response = HttpResponse(data, content_type=PDF)
    response["Content-Disposition"] = content_disposition_header(False, safe_name(name, "pdf")) or "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Content-Security-Policy"] = f"{NOTHING_RUNS}; frame-ancestors {ALONE}"
    add_never_cache_headers(response)
    return response


@require_safe
def public_image(request: HttpRequest, name: str) -> HttpResponse:
    """Anybody, on every host: a picture that was published. Its name is its content's, so it never changes."""
    if not PUBLIC_NAME.fullmatch(name):
        raise Http404
    try:
        with public_store().open(name) as source:
            data = source.read()
    except FileNotFoundError:
        raise Http404 from None
    response = HttpResponse(data, content_type=BY_ENDING[name.rpartition(".")[2]])
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = f"{NOTHING_RUNS}; sandbox"
    patch_cache_control(response, public=True, max_age=A_YEAR, immutable=True)
    return response
