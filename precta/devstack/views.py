"""The demo's outbox and its authenticator app. Anybody; they exist with the devstack only."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from precta.devstack.authenticator import code_of_key, codes_now, seconds_left
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


@require_safe
@never_cache
def authenticator(request: HttpRequest) -> HttpResponse:
    """What the apps of all people show now; with a key, as the set-up page gives it, what an app with it shows."""
    who, key = (request.GET.get(name, "").replace("\x00", "")[:255] for name in ("q", "key"))
    context = {
        "apps": codes_now(who=who),
        "q": who,
        "key": key,
        "key_code": code_of_key(key) if key else "",
        "left": seconds_left(),
    }
    response = render(request, "devstack/authenticator.html", context)
    response["Refresh"] = str(context["left"])  # when the codes are others
    return response
