"""The room of a video visit. Whoever has no place in it gets a 404, whoever comes too early or too late a 403; both are
in the trail."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages as toasts
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_permissions_policy.decorators import permissions_policy_override

from appointments.exceptions import (
    AlreadyRecorded,
    InvalidTransition,
    NotVerified,
    NotYet,
    RoomClosed,
    TooManyMessages,
    VideoError,
)
from appointments.forms.room import MessageForm
from appointments.models import RoomMessage
from appointments.room import services, signalling, signals
from appointments.room.access import Place, Refused, Side, Why, enter, find_place, note_refusal
from appointments.room.handlers import keep_room_id
from appointments.room.ice import ice_servers
from appointments.room.providers import video_provider
from appointments.room.words import script_words
from appointments.services.consultation import end_consultation, start_consultation
from precta.access import login_required
from precta.audit.services import record
from precta.ratelimit import limit
from precta.security import ROOM_PERMISSIONS_POLICY
from precta.templatetags.precta_tags import clinic_clock

# Two offers of the longest kind and their candidates.
LARGEST_EXCHANGE = 96_000
OVER = frozenset({Why.ENDED, Why.MISSED, Why.TOO_LATE})


def in_room(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Hands the view the person's Place in an open room."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, video_visit_id: str, **kwargs: Any) -> HttpResponse:
        try:
            place = enter(user=request.user, clinic=request.clinic, visit_id=video_visit_id)
        except Refused as refusal:
            return _refuse(request, refusal)
        if place is None:
            raise Http404
        return view(request, place, **kwargs)

    return guarded


@permissions_policy_override(ROOM_PERMISSIONS_POLICY)
@require_safe
@in_room
def room(request: HttpRequest, place: Place) -> HttpResponse:
    return _page(request, place, MessageForm())


@limit("room-exchange", "400/m")
@require_POST
@login_required
def exchange(request: HttpRequest, video_visit_id: str) -> HttpResponse:
    """What a page has to say to the other one, and what has happened since it last asked (JSON both ways).

    Asked several times a second while two browsers find each other, and every few seconds after that.
    """
    try:
        place = find_place(user=request.user, clinic=request.clinic, visit_id=video_visit_id)
    except Refused as refusal:
        return _refuse(request, refusal)
    if place is None:
        raise Http404
    if place.refusal in OVER:
        # How a visit ends for a page that is open, which is no attempt to get in.
        return JsonResponse({"visit": "over", "to": _after(place)})
    if place.refusal is not None:
        return _refuse(request, Refused(place.refusal, place.visit, place))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_EXCHANGE:
        return JsonResponse({"error": "too large"}, status=413)
    try:
        said = json.loads(request.body)
        if not isinstance(said, dict):
            raise signals.BadSignal("no object")
        return JsonResponse(_exchange(place, said))
    except (ValueError, RecursionError):
        return JsonResponse({"error": "not understood"}, status=400)


@limit("room-join", "30/m")
@require_POST
@in_room
def join(request: HttpRequest, place: Place) -> HttpResponse:
    """The page takes part in the call from now on; it gets the servers by which to reach the other one."""
    try:
        page = signals.checked_page(request.POST.get("page"))
        services.join_room(place=place, page=page)
    except signals.BadSignal:
        return JsonResponse({"error": "not understood"}, status=400)
    except signalling.Away:
        return JsonResponse({"error": "later"}, status=503)
    return JsonResponse({"servers": ice_servers(user_id=request.user.pk)})


@require_POST
@login_required
def leave(request: HttpRequest, video_visit_id: str) -> HttpResponse:
    """Sent by a page that goes away, after the end of the visit too."""
    try:
        place = find_place(user=request.user, clinic=request.clinic, visit_id=video_visit_id)
        if place is None:
            raise Http404
        services.leave_room(place=place, page=signals.checked_page(request.POST.get("page")))
    except Refused as refusal:
        return _refuse(request, refusal)
    except signals.BadSignal:
        return HttpResponse(status=400)
    return HttpResponse(status=204)


@limit("room-message", "60/m")
@require_POST
@in_room
def messages(request: HttpRequest, place: Place) -> HttpResponse:
    """A note beside the picture: by the page's script, or by the plain form."""
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            line = services.write_message(place=place, text=form.cleaned_data["text"])
        except RoomClosed:
            return _json(request, {"error": _("The visit is over.")}, 403) or _back(place)
        except TooManyMessages:
            form.add_error("text", _("No more notes fit into this visit."))
        else:
            return _json(request, {"messages": [_told(place, line)]}) or _back(place, "#notes")
    answer = _json(request, {"error": " ".join(form.errors.get("text", []))}, 400)
    return answer or _page(request, place, form, status=400)


@require_POST
@in_room
def start(request: HttpRequest, place: Place) -> HttpResponse:
    """The doctor begins the consultation."""
    _only_the_doctor(place)
    try:
        start_consultation(appointment=place.visit, by_user=request.user)
    except (NotYet, NotVerified, InvalidTransition):
        error = _("Somebody changed this visit a moment ago. Look at it again, please.")
        return _json(request, {"error": error}, 409) or _say(request, place, error)
    return _json(request, {"visit": "running"}) or _back(place)


@require_http_methods(["GET", "HEAD", "POST"])
@in_room
def end(request: HttpRequest, place: Place) -> HttpResponse:
    """The doctor ends the visit for both. Asks once; the notes can be finished afterwards."""
    _only_the_doctor(place)
    if request.method == "POST":
        try:
            end_consultation(appointment=place.visit, by_user=request.user)
        except InvalidTransition:
            return _say(request, place, _("This visit has not begun yet. To go, leave the room."))
        return HttpResponseRedirect(_after(place))
    return render(request, "appointments/room/end.html", {"place": place, "visit": place.visit})


@require_POST
@in_room
def recording(request: HttpRequest, place: Place) -> HttpResponse:
    """Agree to a recording, or take that back."""
    try:
        services.set_recording_consent(place=place, agrees=request.POST.get("agree") == "1")
    except NotYet:
        return _say(request, place, _("This is asked once the doctor has begun the visit."))
    except AlreadyRecorded:
        return _say(request, place, _("The visit is recorded already. Ask the clinic to delete the recording."))
    return _back(place, "#recording")


@limit("room-open", "20/m")
@require_POST
@in_room
def open_elsewhere(request: HttpRequest, place: Place) -> HttpResponse:
    """To the provider's page, where the call runs there."""
    provider = video_provider()
    if provider.is_own:
        return _back(place)
    try:
        url = provider.join_url(place, keep_room_id(place.visit))
    except VideoError:
        return _say(request, place, _("The video service does not answer. Try again in a moment, or call the clinic."))
    details = {"side": str(place.side), "provider": provider.name}
    record("room.joined", resource=place.visit, user=request.user, details=details)
    return HttpResponseRedirect(url)


def _exchange(place: Place, said: dict[str, Any]) -> dict[str, Any]:
    """Raises signals.BadSignal."""
    visit = place.visit
    told: dict[str, Any] = {
        "visit": "running" if place.is_running else "waiting",
        "taken": False,
        "signals": [],
        "after": signalling.checked_position(said.get("after")),
    }
    try:
        if said.get("stage") == "room":
            heard = services.exchange(
                place=place,
                page=signals.checked_page(said.get("page")),
                state=signals.checked_state(said.get("state")),
                signals=signals.checked_signals(said.get("signals")),
                after=told["after"],
            )
            other = heard.other
            told |= {"taken": heard.is_taken, "signals": heard.signals, "after": heard.position}
        else:
            other = signalling.wait(visit.pk, place.side)
        told["other"] = {"where": str(other.where), "page": other.page, "state": other.state}
    except signalling.Away:
        # A call that stands goes on without us, and the notes do too; what was to be said is said again.
        told["other"] = None
    mark = said.get("mark")
    known = mark if isinstance(mark, int) and 0 < mark < 2**53 else 0
    lines = services.messages_of(visit, after=known)
    told["messages"] = [_told(place, line) for line in lines]
    told["mark"] = services.mark_of(lines[-1]) if lines else known
    return told


def _told(place: Place, line: RoomMessage) -> dict[str, Any]:
    return {
        "id": line.pk,
        "mine": line.sender_id == place.user.pk,
        "text": line.text,
        "at": clinic_clock(line.created_at, place.visit.clinic),
        "mark": services.mark_of(line),
    }


def _page(request: HttpRequest, place: Place, form: MessageForm, *, status: int = 200) -> HttpResponse:
    visit, provider = place.visit, video_provider()
    lines = services.messages_of(visit)
    consultation = place.consultation
    agreed = {
        side: consultation is not None and getattr(consultation, column) is not None
        for side, column in services.AGREED.items()
    }
    config = {
        "page": get_random_string(16, "abcdefghijklmnopqrstuvwxyz0123456789"),
        "side": str(place.side),
        "exchange": reverse("appointments:room:exchange", args=[visit.pk]),
        "join": reverse("appointments:room:join", args=[visit.pk]),
        "leave": reverse("appointments:room:leave", args=[visit.pk]),
        "after": _after(place),
        "visit": visit.pk,
        "mark": services.mark_of(lines[-1]) if lines else 0,
        "call": provider.is_own,
        "running": place.is_running,
    }
    context = {
        "place": place,
        "visit": visit,
        "is_doctor": place.side is Side.DOCTOR,
        "other_name": place.other_name,
        "messages_of_room": [(line, line.sender_id == request.user.pk) for line in lines],
        "form": form,
        "provider": provider,
        "config": json.dumps(config),
        "words": json.dumps(script_words(place.other_name)),
        "mine_agreed": agreed[place.side],
        "other_agreed": agreed[place.side.other],
        "consultation": consultation,
        "after": _after(place),
    }
    return render(request, "appointments/room/room.html", context, status=status)


def _refuse(request: HttpRequest, refusal: Refused) -> HttpResponse:
    note_refusal(refusal, user=request.user)
    if refusal.place is None or refusal.place.refusal is None or refusal.why not in {Why.TOO_EARLY, *OVER}:
        answer = _json(request, {"error": "not found"}, 404)
        if answer is not None:
            return answer
        raise Http404
    place = refusal.place
    context = {
        "place": place,
        "visit": place.visit,
        "why": str(refusal.why),
        "is_doctor": place.side is Side.DOCTOR,
        "after": _after(place),
        "words": json.dumps(script_words(place.other_name)),
    }
    answer = _json(request, {"error": str(refusal.why)}, 403)
    return answer or render(request, "appointments/room/refused.html", context, status=403)


def _after(place: Place) -> str:
    """Where the visit goes on when the call is over: the doctor's notes, the patient's page."""
    name = "appointments:doctor:visit" if place.side is Side.DOCTOR else "appointments:patient:detail"
    return reverse(name, args=[place.visit.pk])


def _only_the_doctor(place: Place) -> None:
    if place.side is not Side.DOCTOR:
        raise PermissionDenied


def _json(request: HttpRequest, facts: dict[str, Any], status: int = 200) -> HttpResponse | None:
    """The answer for the page's script; None for a plain form."""
    wants = request.headers.get("Accept", "").startswith("application/json")
    return JsonResponse(facts, status=status) if wants else None


def _back(place: Place, anchor: str = "") -> HttpResponse:
    return redirect(reverse("appointments:room:room", args=[place.visit.pk]) + anchor)


def _say(request: HttpRequest, place: Place, sentence: str) -> HttpResponse:
    toasts.error(request, sentence)
    return _back(place)
