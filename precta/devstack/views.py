"""The demo outbox: what would have been mailed. Anybody; it exists with the devstack only."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from precta.devstack.mail import read_message, stored_messages


@require_safe
@never_cache
def outbox(request: HttpRequest) -> HttpResponse:
    to = request.GET.get("to", "").replace("\x00", "")[:255]
    return render(request, "devstack/outbox.html", {"stored": stored_messages(to=to), "to": to})


@require_safe
@never_cache
def message(request: HttpRequest, name: str) -> HttpResponse:
    stored = read_message(name)
    if stored is None:
        raise Http404
    return render(request, "devstack/message.html", {"stored": stored})
