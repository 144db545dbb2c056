"""The staff of a clinic, on pages of its admin: who works here, who is invited, roles, leaving, handing over."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms.staff import ROLE_HINTS, HandOverForm, InviteForm, RoleForm
from accounts.selectors import invitations_with_names, staff_with_names, workplaces_of
from clinics.admin_menu import Entry
from clinics.admin_sites import clinic_admin
from clinics.exceptions import (
    InvitationClosed,
    InvitedAlready,
    LastOwner,
    NotYourPart,
    WorksHereAlready,
)
from clinics.models import InvitationState, Membership, MembershipRole, StaffInvitation
from clinics.permission_table import lines
from clinics.policies import can, capability_required, may_give_role, may_manage, request_membership
from clinics.services import staff
from precta import clock, hosts
from precta.access import step_up_redirect, step_up_required
from precta.ratelimit import limit
from precta.second_factor.session import stepped_up

GET_OR_POST = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Person:
    """A line of the list: what this reader may do with the member."""

    member: Membership
    name: str
    is_self: bool
    manageable: bool
    has_second_factor: bool


@dataclass(frozen=True)
class Invited:
    invitation: StaffInvitation
    inviter: str
    expired: bool
    manageable: bool


def _me(request: HttpRequest) -> Membership:
    """Whose page it is: `admin_view` lets nobody in without a membership."""
    found = request_membership(request)
    if found is None:
        raise PermissionDenied
    return found


def _page(request: HttpRequest, template: str, title: str, status: int = 200, **context: Any) -> HttpResponse:
    base = clinic_admin.each_context(request)
    return render(request, f"admin/staff/{template}.html", {**base, "title": title, **context}, status=status)


def _to_list() -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:staff"))


def _colleague(request: HttpRequest, membership_id: str) -> Any:
    """A member of this clinic in reach of who asks: 404 for anybody else's, 403 for those out of reach."""
    found = get_object_or_404(staff_with_names(request.clinic), pk=membership_id)
    if not may_manage(_me(request), found):
        raise PermissionDenied
    return found


def _invited(request: HttpRequest, invitation_id: str) -> StaffInvitation:
    found = get_object_or_404(StaffInvitation.objects.filter(clinic=request.clinic), pk=invitation_id)
    if not may_give_role(_me(request), found.role):
        raise PermissionDenied
    return found


@require_http_methods(["GET", "HEAD"])
@capability_required("staff.manage")
def overview(request: HttpRequest) -> HttpResponse:
    """Owner and manager: who works here, who is invited, and what each role may do."""
    me, now = _me(request), clock.now()
    people = [
        Person(one, one.name, one.user_id == me.user_id, may_manage(me, one), one.has_second_factor)
        for one in staff_with_names(request.clinic)
    ]
    return _page(
        request,
        "overview",
        gettext("Staff"),
        people=[person for person in people if person.member.is_active],
        former=[person for person in people if not person.member.is_active],
        invitations=[
            Invited(one, one.inviter, one.state(now) == InvitationState.EXPIRED, may_give_role(me, one.role))
            for one in invitations_with_names(request.clinic)
        ],
        may_hand_over=can(me, "staff.transfer"),
        roles=list(MembershipRole),
        table=lines(),
    )


@require_http_methods(GET_OR_POST)
@capability_required("staff.manage")
@step_up_required
@limit("staff-invite", "30/h", "100/d")
def invite(request: HttpRequest) -> HttpResponse:
    """Owner and manager, each for the roles that they may give."""
    form = InviteForm(request.POST if request.method == "POST" else None, membership=_me(request))
    if request.method == "POST" and form.is_valid():
        try:
            invitation = staff.invite(
                clinic=request.clinic,
                by=request.user,
                role=form.cleaned_data["role"],
                email=form.email,
                phone=form.phone,
                language=form.cleaned_data["language"],
            )
        except WorksHereAlready:
            form.add_error("address", gettext("This person works here already."))
        except InvitedAlready:
            form.add_error("address", gettext("There is an open invitation to this address. You can send it again."))
        except NotYourPart as error:
            raise PermissionDenied from error
        else:
            messages.success(
                request, gettext("The invitation to %(address)s is on its way.") % {"address": invitation.address}
            )
            return _to_list()
    status = 400 if form.is_bound else 200
    return _page(request, "invite", gettext("Invite somebody"), status=status, form=form)


@require_POST
@capability_required("staff.manage")
@limit("staff-invite", "30/h", "100/d")
def resend(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Owner and manager, for the roles that they may give."""
    invitation = _invited(request, invitation_id)
    try:
        staff.resend_invitation(invitation=invitation, by=request.user)
    except InvitationClosed:
        messages.warning(request, gettext("This invitation has been answered or taken back meanwhile."))
    except WorksHereAlready:
        messages.warning(request, gettext("This person works here already."))
    else:
        sentence = gettext("A new link to %(address)s is on its way. The one before leads nowhere any more.")
        messages.success(request, sentence % {"address": invitation.address})
    return _to_list()


@require_http_methods(GET_OR_POST)
@capability_required("staff.manage")
def revoke(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Owner and manager, for the roles that they may give; asks once."""
    invitation = _invited(request, invitation_id)
    if request.method == "POST":
        try:
            staff.revoke_invitation(invitation=invitation, by=request.user)
        except InvitationClosed:
            messages.warning(request, gettext("This invitation has been answered or taken back meanwhile."))
        else:
            messages.success(request, gettext("The invitation is taken back. Its link leads nowhere any more."))
        return _to_list()
    return _page(request, "revoke", gettext("Take back an invitation"), invitation=invitation)


@require_http_methods(GET_OR_POST)
@capability_required("staff.manage")
@step_up_required
def change_role(request: HttpRequest, membership_id: str) -> HttpResponse:
    """Owner: anybody but themselves; manager: front desk and pharmacists."""
    colleague = _colleague(request, membership_id)
    bound = request.POST if request.method == "POST" else None
    form = RoleForm(bound, membership=_me(request), initial={"role": colleague.role})
    if request.method == "POST" and form.is_valid():
        changed = _do(
            request, lambda: staff.change_role(membership=colleague, role=form.cleaned_data["role"], by=request.user)
        )
        if changed is not None:
            sentence = gettext("The role of %(name)s: %(role)s.")
            messages.success(request, sentence % {"name": colleague.name, "role": changed.get_role_display()})
        return _to_list()
    title = gettext("Role of %(name)s") % {"name": colleague.name}
    status = 400 if form.is_bound else 200
    context = {"form": form, "colleague": colleague, "roles": list(MembershipRole), "table": lines()}
    return _page(request, "role", title, status=status, **context)


@require_http_methods(GET_OR_POST)
@capability_required("staff.manage")
def access(request: HttpRequest, membership_id: str) -> HttpResponse:
    """Who may change the role: ends or gives back somebody's access; asks once."""
    colleague = _colleague(request, membership_id)
    if request.method == "POST":
        action = request.POST.get("action")
        # To end access is urgent; to give it gives a role.
        if action == "reactivate" and not stepped_up(request):
            return step_up_redirect(request)
        if action == "deactivate" and _do(request, lambda: staff.deactivate(membership=colleague, by=request.user)):
            sentence = gettext("%(name)s no longer has access to the clinic.")
            messages.success(request, sentence % {"name": colleague.name})
        elif action == "reactivate" and _do(request, lambda: staff.reactivate(membership=colleague, by=request.user)):
            messages.success(request, gettext("%(name)s works here again.") % {"name": colleague.name})
        return _to_list()
    return _page(request, "access", gettext("Access of %(name)s") % {"name": colleague.name}, colleague=colleague)


@require_http_methods(GET_OR_POST)
@capability_required("staff.transfer")
@step_up_required
def hand_over(request: HttpRequest) -> HttpResponse:
    """Owner only; asks once."""
    me = _me(request)
    heirs = [
        one
        for one in staff_with_names(request.clinic).filter(is_active=True).exclude(user__status="suspended")
        if one.pk != me.pk
    ]
    candidates = [(one.pk, f"{one.name} ({one.get_role_display()})") for one in heirs]
    form = HandOverForm(request.POST if request.method == "POST" else None, candidates=candidates)
    if request.method == "POST" and form.is_valid():
        heir = next(one for one in heirs if one.pk == form.cleaned_data["to"])
        if _do(request, lambda: staff.transfer_ownership(clinic=request.clinic, by=request.user, to=heir)):
            sentence = gettext("%(name)s is the owner now. You are a manager.")
            messages.success(request, sentence % {"name": heir.name})
        return _to_list()
    status = 400 if form.is_bound else 200
    return _page(request, "hand_over", gettext("Hand over the ownership"), status=status, form=form, heirs=heirs)


@require_http_methods(["GET", "HEAD"])
def mine(request: HttpRequest) -> HttpResponse:
    """Anybody of the staff: their own role and what it lets them do."""
    me = _me(request)
    held = [line for line in lines() if can(me, line.capability)]
    return _page(request, "mine", gettext("Your role here"), me=me, held=held, hint=ROLE_HINTS[MembershipRole(me.role)])


@require_http_methods(GET_OR_POST)
def leave(request: HttpRequest) -> HttpResponse:
    """Anybody of the staff but the last owner; asks once."""
    me = _me(request)
    if request.method == "POST":
        try:
            staff.leave(clinic=request.clinic, user=request.user)
        except LastOwner:
            messages.error(request, gettext("You are the only owner. Hand the ownership over first."))
            return HttpResponseRedirect(reverse("admin:staff-mine"))
        request.session["works_at"] = workplaces_of(request.user)
        messages.success(request, gettext("You have left %(clinic)s.") % {"clinic": request.clinic.name})
        return HttpResponseRedirect(hosts.platform_url("appointments:me:home"))
    return _page(request, "leave", gettext("Leave the clinic"), me=me)


def _do(request: HttpRequest, act: Callable[[], Membership]) -> Membership | None:
    """Call the service; what it refuses was allowed a moment ago, so it is told and not an error page."""
    try:
        return act()
    except LastOwner:
        messages.error(request, gettext("The clinic needs an owner. Hand the ownership over first."))
    except NotYourPart:
        messages.error(request, gettext("Somebody changed this a moment before you. Look at the list again."))
    return None


for route, view, name in (
    ("staff/", overview, "staff"),
    ("staff/invite/", invite, "staff-invite"),
    ("staff/invitations/<id:invitation_id>/resend/", resend, "staff-resend"),
    ("staff/invitations/<id:invitation_id>/revoke/", revoke, "staff-revoke"),
    ("staff/hand-over/", hand_over, "staff-hand-over"),
    ("staff/mine/", mine, "staff-mine"),
    ("staff/leave/", leave, "staff-leave"),
    ("staff/<id:membership_id>/role/", change_role, "staff-role"),
    ("staff/<id:membership_id>/access/", access, "staff-access"),
):
    clinic_admin.add_page(route, view, name)
clinic_admin.add_entry(
    Entry(
        _("Staff"),
        "admin:staff",
        lambda request: can(request_membership(request), "staff.manage"),
        order=20,
        group="clinic",
        icon="id-card",
    )
)
clinic_admin.add_entry(
    Entry(_("Your role here"), "admin:staff-mine", lambda request: True, order=60, group="clinic", icon="circle-user")
)
