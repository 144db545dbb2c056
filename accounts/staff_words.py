"""The sentences about who works at a clinic. Called with the reader's language active."""

from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from clinics.models import Clinic, Membership, MembershipRole, StaffInvitation
from precta.notifications.telling import Words


def role_name(role: str) -> str:
    return str(MembershipRole(role).label)


def _until(moment: datetime, clinic: Clinic) -> str:
    local = timezone.localtime(moment, clinic.policy.tz)
    return f"{formats.date_format(local, 'D j M Y, H:i')} ({local:%Z})"


def _facts(clinic: Clinic, **more: Any) -> dict[str, Any]:
    return {"clinic": clinic.name, **more}


def _open() -> str:
    return _("Open the clinic's pages")


def _see_staff() -> str:
    return _("See the staff")


def invitation(row: StaffInvitation, inviter: str) -> Words:
    clinic = row.clinic
    return Words(
        _("You are invited to work at %(clinic)s") % _facts(clinic),
        "\n\n".join(
            (
                _("%(name)s asks you to join the staff of %(clinic)s on Precta. Your role: %(role)s.")
                % _facts(clinic, name=inviter, role=role_name(row.role)),
                _("Open the invitation to accept or decline it. It is for you only and valid until %(when)s.")
                % {"when": _until(row.expires_at, clinic)},
                _("If you do not know this clinic, do nothing."),
            )
        ),
        _("See the invitation"),
    )


def invitation_sms(row: StaffInvitation, url: str) -> str:
    return _("%(clinic)s invites you to work with them on Precta. Accept or decline within 7 days: %(url)s") % {
        "clinic": row.clinic.name[:60],
        "url": url,
    }


def joined(member: Membership) -> Words:
    return Words(
        _("You now work at %(clinic)s") % _facts(member.clinic),
        _("Your role at %(clinic)s: %(role)s.") % _facts(member.clinic, role=role_name(member.role)),
        _open(),
    )


def somebody_joined(member: Membership, name: str) -> Words:
    return Words(
        _("%(name)s has joined the staff of %(clinic)s") % _facts(member.clinic, name=name),
        _("Their role: %(role)s.") % {"role": role_name(member.role)},
        _see_staff(),
    )


def declined(row: StaffInvitation) -> Words:
    return Words(
        _("An invitation was declined"),
        _("%(address)s does not want to join the staff of %(clinic)s.") % _facts(row.clinic, address=row.address),
        _see_staff(),
    )


def role_changed(member: Membership, was: str, role: str) -> Words:
    return Words(
        _("Your role at %(clinic)s has changed") % _facts(member.clinic),
        _("Before: %(was)s. Now: %(role)s.") % {"was": role_name(was), "role": role_name(role)},
        _open(),
    )


def somebodys_role_changed(member: Membership, name: str, was: str, role: str) -> Words:
    return Words(
        _("The role of %(name)s at %(clinic)s has changed") % _facts(member.clinic, name=name),
        _("Before: %(was)s. Now: %(role)s.") % {"was": role_name(was), "role": role_name(role)},
        _see_staff(),
    )


def shut_out(member: Membership) -> Words:
    return Words(
        _("You no longer work at %(clinic)s") % _facts(member.clinic),
        _("Your access to the pages of the staff has ended. Your account and your own visits stay as they are."),
        "",
    )


def somebody_was_shut_out(member: Membership, name: str) -> Words:
    return Words(
        _("%(name)s no longer works at %(clinic)s") % _facts(member.clinic, name=name),
        _("Their access to the pages of the staff has ended."),
        _see_staff(),
    )


def let_in_again(member: Membership) -> Words:
    return Words(
        _("You work at %(clinic)s again") % _facts(member.clinic),
        _("Your role at %(clinic)s: %(role)s.") % _facts(member.clinic, role=role_name(member.role)),
        _open(),
    )


def somebody_was_let_in_again(member: Membership, name: str) -> Words:
    return Words(
        _("%(name)s works at %(clinic)s again") % _facts(member.clinic, name=name),
        _("Their role: %(role)s.") % {"role": role_name(member.role)},
        _see_staff(),
    )


def left(member: Membership) -> Words:
    return Words(
        _("You have left %(clinic)s") % _facts(member.clinic),
        _("Your access to the pages of the staff has ended. Your account and your own visits stay as they are."),
        "",
    )


def somebody_left(member: Membership, name: str) -> Words:
    return Words(
        _("%(name)s has left %(clinic)s") % _facts(member.clinic, name=name),
        _("They have ended their access themselves. Their role was: %(role)s.") % {"role": role_name(member.role)},
        _see_staff(),
    )


def became_owner(member: Membership, name: str) -> Words:
    return Words(
        _("You are now the owner of %(clinic)s on Precta") % _facts(member.clinic),
        _("%(name)s has handed the ownership over to you. You may do everything at %(clinic)s, and answer for it.")
        % _facts(member.clinic, name=name),
        _see_staff(),
    )


def gave_ownership(member: Membership, name: str) -> Words:
    return Words(
        _("You have handed over the ownership of %(clinic)s") % _facts(member.clinic),
        _("%(name)s is the owner now, and you are a manager.") % {"name": name},
        _see_staff(),
    )


def ownership_moved(member: Membership, giver: str, name: str) -> Words:
    return Words(
        _("The ownership of %(clinic)s has been handed over") % _facts(member.clinic),
        _("%(giver)s has handed it over to %(name)s.") % {"giver": giver, "name": name},
        _see_staff(),
    )
