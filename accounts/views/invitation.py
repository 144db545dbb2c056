"""An invitation to a clinic's staff, opened by its link. Whoever has the link may read it and decline it; only the
person with the invited e-mail or phone may accept it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.exceptions import TooManyCodes
from accounts.forms.staff import ROLE_HINTS, PhoneCodeForm
from accounts.models import PhoneCodePurpose
from accounts.selectors import name_of, workplaces_of
from accounts.services.phone_codes import check_phone_code, send_phone_code
from clinics.exceptions import InvitationClosed, NotTheInvited
from clinics.models import InvitationState, Membership, MembershipRole, StaffInvitation
from clinics.policies import membership_of
from clinics.selectors import invitation_by_token
from clinics.services import staff
from precta import clock, hosts
from precta.access import login_required, sign_in_url
from precta.payments.phones import mask_phone
from precta.ratelimit import limit
from precta.sms.exceptions import SmsError

View = Callable[..., HttpResponse]


def with_invitation(view: View) -> View:
    """`token` → the invitation of that link; a link that was never sent is 404."""

    @wraps(view)
    def found(request: HttpRequest, token: str) -> HttpResponse:
        invitation = invitation_by_token(token)
        if invitation is None:
            raise Http404
        return view(request, token, invitation)

    return found


def posted_only(view: View) -> View:
    """Whoever was sent to sign in on pressing a button comes back by GET: to the page with the button."""

    @wraps(view)
    def guarded(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseRedirect(reverse("accounts:invitation:show", args=[token]))
        return view(request, token, invitation)

    return guarded


def _is_open(invitation: StaffInvitation) -> bool:
    is_open = invitation.state(clock.now()) == InvitationState.OPEN and invitation.clinic.is_open
    return is_open and staff.is_backed(invitation)


def _membership(request: HttpRequest, invitation: StaffInvitation) -> Membership | None:
    return membership_of(request.user, invitation.clinic)


def _may_be_the_invited(request: HttpRequest, invitation: StaffInvitation) -> bool:
    """By e-mail we know; the phone proves itself by its code."""
    return bool(invitation.phone) or staff.is_invited(invitation, request.user)


def _wrong_person(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
    context = {"place": invitation.clinic, "back": reverse("accounts:invitation:show", args=[token])}
    return render(request, "accounts/join/not_you.html", context, status=403)


def _closed(request: HttpRequest, invitation: StaffInvitation) -> HttpResponse:
    """Run out, taken back, answered, or the clinic is closed."""
    member = _membership(request, invitation)
    state = str(invitation.state(clock.now())) if invitation.clinic.is_open else "closed"
    if state == InvitationState.OPEN and not staff.is_backed(invitation):
        state = str(InvitationState.REVOKED)
    context = {
        "place": invitation.clinic,
        "state": "member" if member is not None and invitation.clinic.is_open else state,
        "admin_url": hosts.clinic_url(invitation.clinic, "admin:index"),
    }
    status = 200 if context["state"] == "member" else 410
    return render(request, "accounts/join/closed.html", context, status=status)


def _shown(
    request: HttpRequest, token: str, invitation: StaffInvitation, status: int = 200, **context: Any
) -> HttpResponse:
    link = reverse("accounts:invitation:show", args=[token])
    own_url = sign_in_url(request, link)
    known = request.user.is_authenticated and staff.is_invited(invitation, request.user)
    sign_up = hosts.platform_url("account_signup") + "?" + own_url.partition("?")[2]
    context = {
        "token": token,
        "invitation": invitation,
        "place": invitation.clinic,
        "inviter": name_of(invitation.invited_by),
        "role": invitation.get_role_display(),
        "hint": ROLE_HINTS[MembershipRole(invitation.role)],
        "member": _membership(request, invitation),
        "needs_code": request.user.is_authenticated and bool(invitation.phone) and not known,
        "phone": mask_phone(str(invitation.phone)) if invitation.phone else "",
        "sign_in_url": own_url,
        "sign_up_url": sign_up,
        **context,
    }
    return render(request, "accounts/join/staff.html", context, status=status)


@require_http_methods(["GET", "HEAD"])
@with_invitation
def show(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
    """Whoever has the link; signed in, only the invited person."""
    if not _is_open(invitation):
        return _closed(request, invitation)
    if request.user.is_authenticated and not _may_be_the_invited(request, invitation):
        return _wrong_person(request, token, invitation)
    return _shown(request, token, invitation)


@require_http_methods(["GET", "HEAD", "POST"])
@with_invitation
@posted_only
@login_required
@limit("staff-join", "30/m")
def send_code(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
    """Signed in, an invitation by phone: send the code that proves the phone."""
    if not _is_open(invitation):
        return _closed(request, invitation)
    if not invitation.phone:
        raise Http404
    try:
        send_phone_code(
            phone=str(invitation.phone),
            purpose=PhoneCodePurpose.INVITATION,
            subject=_subject(request, invitation),
            language=get_language() or "en",
        )
    except TooManyCodes:
        sentence = gettext("Too many codes were sent to this phone. Wait a while before you ask for another one.")
        return _shown(request, token, invitation, status=429, problem=sentence)
    except SmsError:
        sentence = gettext("We could not send the code just now. Try again in a moment.")
        return _shown(request, token, invitation, status=503, problem=sentence)
    return _shown(request, token, invitation, code_form=PhoneCodeForm())


@require_http_methods(["GET", "HEAD", "POST"])
@with_invitation
@posted_only
@login_required
@limit("staff-join", "30/m")
def accept(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
    """The invited person; for an invitation by phone, with the code that was sent to it."""
    confirmed = ""
    if invitation.phone and not staff.is_invited(invitation, request.user) and _is_open(invitation):
        form = PhoneCodeForm(request.POST)
        if not form.is_valid():
            return _shown(request, token, invitation, status=400, code_form=form)
        confirmed = str(invitation.phone)
        if not check_phone_code(
            phone=confirmed,
            purpose=PhoneCodePurpose.INVITATION,
            subject=_subject(request, invitation),
            code=form.cleaned_data["code"],
        ):
            form.add_error("code", gettext("This code is not right, or it has run out. You can ask for another one."))
            return _shown(request, token, invitation, status=400, code_form=form)
    try:
        staff.accept_invitation(invitation=invitation, user=request.user, confirmed_phone=confirmed)
    except NotTheInvited:
        return _wrong_person(request, token, invitation)
    except InvitationClosed:
        invitation.refresh_from_db()
        return _closed(request, invitation)
    request.session["works_at"] = workplaces_of(request.user)
    messages.success(request, gettext("You now work at %(clinic)s.") % {"clinic": invitation.clinic.name})
    return HttpResponseRedirect(hosts.clinic_url(invitation.clinic, "admin:index"))


@require_POST
@with_invitation
@limit("staff-join", "30/m")
def decline(request: HttpRequest, token: str, invitation: StaffInvitation) -> HttpResponse:
    """Whoever has the link, signed in as the invited person or not at all."""
    if not _is_open(invitation):
        return _closed(request, invitation)
    if request.user.is_authenticated and not _may_be_the_invited(request, invitation):
        return _wrong_person(request, token, invitation)
    try:
        staff.decline_invitation(invitation=invitation, user=request.user if request.user.is_authenticated else None)
    except InvitationClosed:
        invitation.refresh_from_db()
        return _closed(request, invitation)
    return HttpResponseRedirect(reverse("accounts:invitation:show", args=[token]))


def _subject(request: HttpRequest, invitation: StaffInvitation) -> str:
    """A code counts for this invitation and this account only."""
    return f"{invitation.pk}:{request.user.pk}"
