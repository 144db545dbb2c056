"""What a clinic's desk types about a person."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.consent_texts import CONSENT_TEXTS
from accounts.forms.phones import MobileField
from accounts.forms.profile import DateOfBirthField
from accounts.models import ConsentPurpose, Patient
from clinics.models import Clinic
from precta.forms import FocusOnError
from precta.text import LineField


def consent_field(clinic: Clinic) -> forms.BooleanField:
    """The sentence that the desk reads out; ticked once the person has agreed."""
    return forms.BooleanField(
        label=CONSENT_TEXTS[ConsentPurpose.CLINIC_CARE].for_clinic(clinic),
        help_text=_("Read this out. Tick it when the person agrees; your name is kept with it."),
        error_messages={"required": _("Ask the person first: without this the clinic may keep nothing about them.")},
    )


class NewPatientForm(FocusOnError, forms.Form):
    first_name = LineField(label=_("First name"), max_length=100)
    last_name = LineField(label=_("Last name"), max_length=100)
    date_of_birth = DateOfBirthField(required=False)
    phone = MobileField(
        required=False, help_text=_("News of the visit comes here by SMS. Several people may share one phone.")
    )
    language = forms.ChoiceField(
        label=_("Language of the messages"), choices=Patient._meta.get_field("preferred_language").choices or []
    )

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent"] = consent_field(clinic)
        for name in self.fields:
            # The desk's own browser must not offer the details of the last person.
            self.fields[name].widget.attrs["autocomplete"] = "off"


class PhoneForm(FocusOnError, forms.Form):
    phone = MobileField()


class CodeForm(FocusOnError, forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "code", "spellcheck": "false"}
        ),
    )


class WhoForm(FocusOnError, forms.Form):
    """A name and a birth date, as the person says them."""

    first_name = LineField(label=_("First name"), max_length=100)
    last_name = LineField(label=_("Last name"), max_length=100)
    date_of_birth = DateOfBirthField(
        required=False, help_text=_("Needed when the clinic was told it at the first visit.")
    )
