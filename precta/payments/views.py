"""The one address that the provider calls."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from precta.payments.exceptions import BadPayload, BadSignature
from precta.payments.services.webhooks import receive_webhook

# Real events have 2 to 5 kB.
LARGEST_BODY = 256 * 1024


@csrf_exempt
@require_POST
def paystack_webhook(request: HttpRequest) -> HttpResponse:
    """Open to everybody; the signature decides. 200 stored (or put aside), 400 not JSON, 403 not genuine, 413 large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse(status=413)
    try:
        receive_webhook(body=request.body, signature=request.headers.get("X-Paystack-Signature", ""))
    except BadSignature:
        return HttpResponse(status=403)
    except BadPayload:
        return HttpResponse(status=400)
    return HttpResponse("ok", content_type="text/plain")
