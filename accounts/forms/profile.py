"""What a person tells about themselves or about a child."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from accounts.models import GuardianRelation, Patient
from accounts.models.patient import BLOOD_TYPES, Gender
from accounts.selectors import last_birth_day_of_adults, years_before
from precta import clock
from precta.forms import FocusOnError
from precta.text import LineField, plain_line

OLDEST = 130
MOST_ALLERGIES = 30


class AllergiesField(forms.CharField):
    """A list typed one to a line or with commas; kept without repeats, in the order typed."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 3}))
        super().__init__(max_length=4000, strip=True, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        found: dict[str, str] = {}
        for line in text.replace(",", "\n").replace(";", "\n").splitlines():
            item = " ".join(line.split())
            if not item:
                continue
            plain_line(item)
            if len(item) > 100:
                raise ValidationError(_("Write each allergy in at most 100 characters."), code="max_length")
            found.setdefault(item.lower(), item)
        if len(found) > MOST_ALLERGIES:
            raise ValidationError(_("Write at most 30 allergies."), code="too_many")
        return list(found.values())

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.clean(data) != (initial or [])


class DateOfBirthField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"})
        super().__init__(label=_("Date of birth"), widget=widget, input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)

    def clean(self, value: Any) -> date | None:
        born = super().clean(value)
        today = clock.now().date()
        if born and (born > today + timedelta(days=1) or born < years_before(today, OLDEST)):
            raise ValidationError(_("This cannot be a date of birth. Check the year."), code="impossible")
        return born


class _PersonForm(FocusOnError, forms.Form):
    first_name = LineField(label=_("First name"), max_length=100)
    last_name = LineField(label=_("Last name"), max_length=100)
    date_of_birth = DateOfBirthField(required=False)
    gender = forms.ChoiceField(label=_("Gender"), choices=[("", _("Not told")), *Gender.choices], required=False)
    blood_type = forms.ChoiceField(
        label=_("Blood type"), choices=[("", _("Not known")), *((b, b) for b in BLOOD_TYPES)], required=False
    )
    allergies = AllergiesField(
        label=_("Allergies"), required=False, help_text=_("One on each line, for example: penicillin.")
    )

    def values(self) -> dict[str, Any]:
        """Columns of Patient; what was left open is NULL where the column knows no empty text."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "relation"}
        for name in ("gender", "blood_type"):
            data[name] = data[name] or None
        return data


class ProfileForm(_PersonForm):
    preferred_language = forms.ChoiceField(
        label=_("Language"),
        choices=Patient._meta.get_field("preferred_language").choices or [],
        help_text=_("For the pages, messages and e-mails you get."),
    )
    emergency_contact_name = LineField(label=_("Name"), max_length=200, required=False)
    emergency_contact_phone = PhoneNumberField(
        label=_("Phone"),
        required=False,
        region="KE",
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter a phone number like 0712 345 678.")},
    )

    about = ("first_name", "last_name", "date_of_birth", "gender", "preferred_language")
    health = ("blood_type", "allergies")
    emergency = ("emergency_contact_name", "emergency_contact_phone")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        name, phone = data.get("emergency_contact_name"), data.get("emergency_contact_phone")
        if name and not phone and "emergency_contact_phone" not in self.errors:
            self.add_error("emergency_contact_phone", _("Add the phone number of this person."))
        if phone and not name and "emergency_contact_name" not in self.errors:
            self.add_error("emergency_contact_name", _("Say who answers at this number."))
        return data

    def group(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        return [self[name] for name in names]

    def about_fields(self) -> list[forms.BoundField]:
        return self.group(self.about)

    def health_fields(self) -> list[forms.BoundField]:
        return self.group(self.health)

    def emergency_fields(self) -> list[forms.BoundField]:
        return self.group(self.emergency)


class ChildForm(_PersonForm):
    field_order = ("first_name", "last_name", "date_of_birth", "relation", "gender", "blood_type", "allergies")
    date_of_birth = DateOfBirthField(required=True)
    relation = forms.ChoiceField(label=_("You are the child's"), choices=GuardianRelation.choices)

    def clean_date_of_birth(self) -> date:
        born = self.cleaned_data["date_of_birth"]
        if born <= last_birth_day_of_adults():
            raise ValidationError(
                _("This person is 18 or older and books with an account of their own."), code="of_age"
            )
        return born
