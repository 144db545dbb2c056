"""Why a review or an answer is not published: what moderators choose from, and what its author then reads."""

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.rejection_reasons import OTHER, Reason
from accounts.selectors import language_of

REVIEW_REASONS: dict[str, Reason] = {
    "names": Reason(_("Names a person"), _("It names a person. Please write it without names.")),
    "contact": Reason(
        _("Phone number, address or link"),
        _("It has a phone number, an e-mail address or a link. Please leave them out."),
    ),
    "private": Reason(
        _("Too private"), _("It tells more of somebody’s health or private life than everybody should read.")
    ),
    "abuse": Reason(_("Insult or threat"), _("It insults or threatens. Please say what happened in calm words.")),
    "not_the_visit": Reason(_("Not about the visit"), _("It is not about the visit that you had with this doctor.")),
    "advertising": Reason(_("Advertising"), _("It is advertising.")),
    "untrue": Reason(_("Not true"), _("What it says happened did not happen as it is told.")),
    OTHER: Reason(_("Another reason"), ""),
}
ANSWER_REASONS: dict[str, Reason] = {
    "tells_the_patient": Reason(
        _("Tells who the patient is"),
        _("It tells who the patient is or what the visit was about. Please answer without either."),
    ),
    "contact": Reason(
        _("Phone number, address or link"),
        _("It has a phone number, an e-mail address or a link. Please leave them out."),
    ),
    "abuse": Reason(_("Insult or threat"), _("It insults or threatens. Please say what happened in calm words.")),
    "advertising": Reason(_("Advertising"), _("It is advertising.")),
    OTHER: Reason(_("Another reason"), ""),
}


def text_for(author: User, reason: Reason, note: str) -> str:
    """What the author reads: the standing sentence in their language and what the moderator adds."""
    with translation.override(language_of(author) or "en"):
        return " ".join(part for part in (str(reason.text), note.strip()) if part)
