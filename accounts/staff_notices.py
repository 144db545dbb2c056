"""Delivers invitations, and tells people what changed about the staff of a clinic they belong to."""

from collections.abc import Callable, Iterable

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from accounts import staff_words as words
from accounts.models import Doctor, User
from accounts.selectors import language_of, name_of, reader
from accounts.services.workplaces import refresh_workplaces
from clinics.invitation_tokens import make_token
from clinics.models import InvitationState, Membership, MembershipRole, StaffInvitation
from clinics.selectors import leaders
from precta import clock
from precta.hosts import clinic_url, platform_url
from precta.notifications.telling import EVERYWHERE, INBOX, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.sms.exceptions import SmsRefused
from precta.sms.services import send_sms


@on("staff.invited")
def deliver_invitation(event: OutboxEvent) -> None:
    """Mail or text the link once. It goes to the address alone: an inbox would keep the link's token."""
    row = StaffInvitation.objects.select_related("clinic", "invited_by").filter(pk=event.payload["invitation_id"])
    invitation = row.filter(sendings=event.payload["sending"], delivered_at__isnull=True).first()
    now = clock.now()
    if invitation is None or invitation.state(now) != InvitationState.OPEN:
        return
    token = make_token(invitation.pk, invitation.sendings)
    url = platform_url("accounts:invitation:show", token)
    with translation.override(_language_of(invitation)):
        if invitation.email:
            _mail(invitation, url).send()
        else:
            try:
                send_sms(to=str(invitation.phone), text=words.invitation_sms(invitation, url))
            except SmsRefused:
                return  # trying again is no use; the staff page shows that it was not delivered
    row.filter(sendings=invitation.sendings).update(delivered_at=now)


@on("staff.joined")
def tell_joined(event: OutboxEvent) -> None:
    if (member := _member(event)) is None:
        return
    name = name_of(member.user)
    _tell(event, member.user, lambda: words.joined(member), _admin_of(member))
    inviter = Membership.objects.filter(
        clinic=member.clinic, user_id=event.payload["invited_by"], is_active=True
    ).select_related("user")
    others = {user.pk: user for user in (*_owners(member), *(one.user for one in inviter))}
    _tell_each(event, others.values(), member, lambda: words.somebody_joined(member, name), EVERYWHERE)


@on("staff.invitation_declined")
def tell_declined(event: OutboxEvent) -> None:
    invitation = StaffInvitation.objects.select_related("clinic", "invited_by").get(pk=event.payload["invitation_id"])
    inviter = Membership.objects.filter(
        clinic=invitation.clinic, user=invitation.invited_by, is_active=True
    ).select_related("user", "clinic")
    for member in inviter:
        _tell(event, member.user, lambda: words.declined(invitation), _staff_page(member))


@on("staff.role_changed")
def tell_role_changed(event: OutboxEvent) -> None:
    if (member := _member(event)) is None:
        return
    was, role = event.payload["was"], event.payload["role"]
    name = name_of(member.user)
    _tell(event, member.user, lambda: words.role_changed(member, was, role), _admin_of(member))
    told = _owners(member)
    _tell_each(event, told, member, lambda: words.somebodys_role_changed(member, name, was, role), INBOX)


@on("staff.deactivated")
def tell_deactivated(event: OutboxEvent) -> None:
    if (member := _member(event)) is None:
        return
    name = name_of(member.user)
    _tell(event, member.user, lambda: words.shut_out(member), "")
    told = _owners(member)
    _tell_each(event, told, member, lambda: words.somebody_was_shut_out(member, name), INBOX)


@on("staff.reactivated")
def tell_reactivated(event: OutboxEvent) -> None:
    if (member := _member(event)) is None:
        return
    name = name_of(member.user)
    _tell(event, member.user, lambda: words.let_in_again(member), _admin_of(member))
    told = _owners(member)
    _tell_each(event, told, member, lambda: words.somebody_was_let_in_again(member, name), INBOX)


@on("staff.left")
def tell_left(event: OutboxEvent) -> None:
    if (member := _member(event)) is None:
        return
    name = name_of(member.user)
    _tell(event, member.user, lambda: words.left(member), "")
    told = leaders(member.clinic)
    _tell_each(event, told, member, lambda: words.somebody_left(member, name), EVERYWHERE)


@on("ownership.transferred")
def tell_transferred(event: OutboxEvent) -> None:
    if (heir := _member(event)) is None:
        return
    giver = Membership.objects.select_related("user", "clinic").get(pk=event.payload["from_id"])
    giver_name, name = name_of(giver.user), name_of(heir.user)
    _tell(event, heir.user, lambda: words.became_owner(heir, giver_name), _staff_page(heir))
    _tell(event, giver.user, lambda: words.gave_ownership(heir, name), _staff_page(heir))
    told = [user for user in _owners(heir) if user != giver.user]
    _tell_each(event, told, heir, lambda: words.ownership_moved(heir, giver_name, name), EVERYWHERE)


@on("staff.joined", "staff.deactivated", "staff.reactivated", "staff.left")
def refresh_menus(event: OutboxEvent) -> None:
    """The menu of whoever came or went says so on their next page, wherever they are signed in."""
    if (member := _member(event)) is not None:
        refresh_workplaces(user=member.user)


@on("doctor.changed")
def refresh_menu_of_doctor(event: OutboxEvent) -> None:
    """The workspace goes out of it when a verification is refused or withdrawn, and comes back."""
    doctor = Doctor.objects.select_related("user").filter(pk=event.payload["doctor_id"]).first()
    if doctor is not None:
        refresh_workplaces(user=doctor.user)


def _member(event: OutboxEvent) -> Membership | None:
    return Membership.objects.select_related("user", "clinic").filter(pk=event.payload["membership_id"]).first()


def _owners(member: Membership) -> list[User]:
    return leaders(member.clinic, MembershipRole.OWNER)


def _admin_of(member: Membership) -> str:
    return clinic_url(member.clinic, "admin:index")


def _staff_page(member: Membership) -> str:
    return clinic_url(member.clinic, "admin:staff")


def _tell_each(
    event: OutboxEvent,
    users: Iterable[User],
    member: Membership,
    write: Callable[[], Words],
    channels: Iterable[str],
) -> None:
    people = [reader(user) for user in users if user.pk != member.user_id]
    tell(event.pk, people, write, url=_staff_page(member), channels=channels)


def _tell(event: OutboxEvent, user: User, write: Callable[[], Words], url: str) -> None:
    tell(event.pk, [reader(user)], write, url=url)


def _language_of(invitation: StaffInvitation) -> str:
    """What the invited person reads elsewhere on Precta, else what the clinic chose for the letter."""
    known = User.objects.filter(email=invitation.email).first() if invitation.email else None
    return (language_of(known) if known is not None else None) or invitation.language


def _mail(invitation: StaffInvitation, url: str) -> EmailMultiAlternatives:
    said = words.invitation(invitation, name_of(invitation.invited_by))
    context = {"words": said, "url": url}
    message = EmailMultiAlternatives(
        subject=said.title,
        body=render_to_string("emails/staff_invitation.txt", context),
        to=[invitation.email or ""],
        # The same for each try of one sending: a mailbox shows it once.
        headers={"Message-ID": f"<{invitation.pk}-{invitation.sendings}@{settings.PLATFORM_HOST}>"},
    )
    message.attach_alternative(render_to_string("emails/staff_invitation.html", context), "text/html")
    return message
