"""Why a paper or an application is sent back: what admins choose from, and what the doctor then reads."""

from typing import NamedTuple

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Doctor
from accounts.selectors import language_of

OTHER = "other"


class Reason(NamedTuple):
    label: str | Promise
    text: str | Promise


PAPER_REASONS: dict[str, Reason] = {
    "unreadable": Reason(
        _("Cannot be read"), _("The copy cannot be read. Please upload a sharp one that shows the whole page.")
    ),
    "wrong_paper": Reason(
        _("Another document"), _("This is not the document it should be. Please upload the right one.")
    ),
    "other_name": Reason(
        _("Another name"), _("The name on it is not the name in your profile. Please correct one or the other.")
    ),
    "other_number": Reason(
        _("Another licence number"),
        _("The number on it is not the licence number in your profile. Please correct one or the other."),
    ),
    "expired": Reason(_("No longer valid"), _("It is no longer valid. Please upload the present one.")),
    "not_confirmed": Reason(
        _("Issuer does not confirm it"), _("Its issuer could not confirm it. Please ask them and upload it again.")
    ),
    OTHER: Reason(_("Another reason"), ""),
}
APPLICATION_REASONS: dict[str, Reason] = {
    "papers": Reason(
        _("Papers to be replaced"), _("Some of your papers could not be verified. Please replace the ones marked.")
    ),
    "profile": Reason(
        _("Profile to be corrected"), _("Something in your profile is not as your papers say. Please correct it.")
    ),
    "not_registered": Reason(
        _("Not in the council's register"),
        _("We did not find you in the register of your council. Please check your name and licence number."),
    ),
    "sanctioned": Reason(_("Not allowed to practise"), _("According to your council you may not practise at present.")),
    OTHER: Reason(_("Another reason"), ""),
}


def text_for(doctor: Doctor, reason: Reason, note: str) -> str:
    """What the doctor reads: the standing sentence in their language and what the admin adds."""
    with translation.override(language_of(doctor.user) or "en"):
        return " ".join(part for part in (str(reason.text), note.strip()) if part)
