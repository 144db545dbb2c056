"""The wording that people agree to. A changed sentence is a new version; what was agreed to is stored beside it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import ConsentPurpose
from clinics.models import Clinic


@dataclass(frozen=True, slots=True)
class ConsentText:
    version: str
    text: Promise

    def for_clinic(self, clinic: Clinic) -> str:
        """The sentence in the language that is active."""
        return str(self.text) % {"clinic": clinic.name}


CONSENT_TEXTS: dict[str, ConsentText] = {
    ConsentPurpose.CLINIC_CARE: ConsentText(
        version="2026-11",
        text=_(
            "I agree that %(clinic)s keeps a record of this patient and of the visits there, and that those who treat "
            "the patient at this clinic may read it. I can withdraw this at any time."
        ),
    ),
}
