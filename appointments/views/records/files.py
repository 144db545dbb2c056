"""Giving out a record's file, whoever asks: written into the clinic's trail before the first byte leaves."""

from typing import Any

from django.http import Http404, HttpRequest, StreamingHttpResponse

from appointments.models import MedicalRecord
from appointments.services.records import PREVIEW_TYPE
from precta.audit.services import record as note
from precta.files.responses import private_response


def file_response(request: HttpRequest, record: MedicalRecord, **details: Any) -> StreamingHttpResponse:
    """The document to look at, or with `?download=1` to save. `details` are ids that the trail shall know."""
    saved = request.GET.get("download") == "1"
    response = private_response(
        record.file_url,
        name=record.name + "." + record.metadata.get("file_name", "").rpartition(".")[2],
        content_type=record.mime_type,
        inline=not saved,
    )
    _note(request, "record.downloaded" if saved else "record.viewed", record, details)
    return response


def preview_response(request: HttpRequest, record: MedicalRecord, **details: Any) -> StreamingHttpResponse:
    """The small picture. Raises Http404 while there is none."""
    if not record.preview_url:
        raise Http404
    response = private_response(record.preview_url, name="preview.webp", content_type=PREVIEW_TYPE)
    _note(request, "record.previewed", record, details)
    return response


def _note(request: HttpRequest, action: str, record: MedicalRecord, details: dict[str, Any]) -> None:
    if request.method != "HEAD":
        note(action, resource=record, user=request.user, details=details or None)
