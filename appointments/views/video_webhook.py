"""The one address that the provider of video rooms calls."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from appointments.exceptions import BadVideoEvent, BadVideoSecret
from appointments.room.providers.hundredms import SECRET_HEADER
from appointments.room.webhooks import receive_event

LARGEST_BODY = 256 * 1024


@csrf_exempt
@require_POST
def hundredms_webhook(request: HttpRequest) -> HttpResponse:
    """Open to everybody; our secret decides. 200 taken or put aside, 400 no event, 403 not genuine, 413 large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse(status=413)
    try:
        receive_event(body=request.body, secret=request.headers.get(SECRET_HEADER, ""))
    except BadVideoSecret:
        return HttpResponse(status=403)
    except BadVideoEvent:
        return HttpResponse(status=400)
    return HttpResponse("ok", content_type="text/plain")
