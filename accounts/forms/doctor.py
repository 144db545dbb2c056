"""What a doctor enters about themselves, their practice and their papers."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import languages, specialties
from accounts.models import ConsultationMode, CredentialType, Doctor
from precta.files.checks import IMAGES, MEGABYTE
from precta.files.forms import DocumentField
from precta.forms import FocusOnError
from precta.text import LineField, plain_text

MOST_SPECIALTIES = 4
MOST_LANGUAGES = 8
MOST_QUALIFICATIONS = 10
LONGEST_BIO = 1500
HIGHEST_FEE = 100_000
DURATIONS = (10, 15, 20, 30, 40, 45, 60, 90)
EARLIEST_YEAR = 1950


def in_minutes(minutes: int) -> Any:
    return format_lazy(_("{minutes} minutes"), minutes=minutes)


class Chips(forms.CheckboxSelectMultiple):
    """Many short choices side by side, where a list of ticks would fill a phone three times."""

    template_name = "accounts/join/_chips.html"


class _Several(forms.MultipleChoiceField):
    """A list in the order of its choices, up to `most`."""

    def __init__(self, *, most: int, too_many: Any, **kwargs: Any) -> None:
        self.most, self.too_many = most, too_many
        super().__init__(widget=Chips, **kwargs)

    def clean(self, value: Any) -> list[str]:
        chosen = super().clean(value)
        if len(chosen) > self.most:
            raise ValidationError(self.too_many, code="too_many")
        return [slug for slug, _label in self.choices if slug in chosen]


def wanted_later(form: forms.BaseForm, *names: str) -> None:
    """Fields that may be left open now but not in the end are not called optional."""
    for name in names:
        form.fields[name].wanted_later = True


class AboutForm(FocusOnError, forms.Form):
    """Everything may be left open but the name: it is saved half-way, and the checklist says what is missing."""

    first_name = LineField(label=_("First name"), max_length=100)
    last_name = LineField(label=_("Last name"), max_length=100)
    photo = DocumentField(
        label=_("Photo"),
        allowed=IMAGES,
        max_bytes=10 * MEGABYTE,
        required=False,
        help_text=_("Your face from the front, JPG or PNG. We cut it to a square."),
    )
    remove_photo = forms.BooleanField(label=_("Take the photo off"), required=False)
    bio = forms.CharField(
        label=_("About you"),
        required=False,
        max_length=LONGEST_BIO,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What patients read first: whom you treat, how you work, what matters to you."),
    )
    specialties = _Several(
        label=_("Fields of medicine"),
        choices=specialties.CHOICES,
        required=False,
        most=MOST_SPECIALTIES,
        too_many=_("Choose at most four fields, those in which you really practise."),
    )
    languages = _Several(
        label=_("Languages in which you can see patients"),
        choices=languages.CHOICES,
        required=False,
        most=MOST_LANGUAGES,
        too_many=_("Choose at most eight languages."),
    )

    def __init__(self, *args: Any, doctor: Doctor, proved_stand: bool = False, **kwargs: Any) -> None:
        initial = {name: getattr(doctor, name) for name in ("first_name", "last_name", "bio", "specialties")}
        super().__init__(*args, initial={**initial, "languages": doctor.languages}, **kwargs)
        wanted_later(self, "bio", "specialties", "languages")
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"
        if not doctor.profile_image_url:
            del self.fields["remove_photo"]
        if proved_stand:
            for name in ("first_name", "last_name", "specialties"):
                self.fields[name].disabled = True

    def values(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in ("first_name", "last_name", "bio", "specialties", "languages")
        }


class PracticeForm(FocusOnError, forms.Form):
    license_number = LineField(
        label=_("Licence number"),
        max_length=100,
        required=False,
        help_text=_("As it stands on your practising licence."),
    )
    years_of_experience = forms.IntegerField(
        label=_("Years of practice"),
        min_value=0,
        max_value=70,
        required=False,
        help_text=_("Since you were first licensed."),
    )

    def __init__(self, *args: Any, doctor: Doctor, proved_stand: bool = False, **kwargs: Any) -> None:
        initial = {name: getattr(doctor, name) for name in ("license_number", "years_of_experience")}
        super().__init__(*args, initial=initial, **kwargs)
        wanted_later(self, "license_number", "years_of_experience")
        self.fields["license_number"].disabled = proved_stand


class QualificationForm(FocusOnError, forms.Form):
    title = LineField(
        label=_("Qualification"), max_length=120, widget=forms.TextInput(attrs={"placeholder": _("For example: MBChB")})
    )
    institution = LineField(label=_("Where"), max_length=160)
    year = forms.IntegerField(label=_("Year"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        year = self.fields["year"]
        year.validators += [MinValueValidator(EARLIEST_YEAR), MaxValueValidator(today.year)]
        year.widget.attrs.update({"min": EARLIEST_YEAR, "max": today.year})


class _Qualifications(forms.BaseFormSet):
    def get_deletion_widget(self) -> forms.Widget:
        return forms.CheckboxInput()

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Leave this one out")

    def values(self) -> list[dict[str, Any]]:
        """What `Doctor.qualifications` holds, in the order entered."""
        kept = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        return [{name: form.cleaned_data[name] for name in ("title", "institution", "year")} for form in kept]


Qualifications = forms.formset_factory(
    QualificationForm,
    formset=_Qualifications,
    extra=1,
    can_delete=True,
    max_num=MOST_QUALIFICATIONS,
    absolute_max=MOST_QUALIFICATIONS + 2,
    validate_max=True,
)


class VisitsForm(FocusOnError, forms.Form):
    consultation_fee = forms.DecimalField(
        label=_("Fee for a visit, in KES"),
        min_value=Decimal(0),
        max_value=Decimal(HIGHEST_FEE),
        max_digits=10,
        decimal_places=2,
        help_text=_("0 when visits cost nothing. You can change it later; booked visits keep their fee."),
    )
    consultation_duration_minutes = forms.TypedChoiceField(
        label=_("Length of a visit"), coerce=int, choices=[(minutes, in_minutes(minutes)) for minutes in DURATIONS]
    )
    consultation_modes = forms.MultipleChoiceField(
        label=_("Kinds of visit"),
        choices=ConsultationMode.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one kind of visit.")},
    )

    def __init__(self, *args: Any, doctor: Doctor, **kwargs: Any) -> None:
        initial = {
            "consultation_fee": doctor.consultation_fee.normalize() if doctor.has_set_fee else None,
            "consultation_duration_minutes": doctor.consultation_duration_minutes,
            "consultation_modes": doctor.consultation_modes,
        }
        if doctor.has_set_fee and doctor.consultation_fee == doctor.consultation_fee.to_integral():
            initial["consultation_fee"] = int(doctor.consultation_fee)
        super().__init__(*args, initial=initial, **kwargs)
        minutes = doctor.consultation_duration_minutes
        if minutes not in DURATIONS:
            field = self.fields["consultation_duration_minutes"]
            field.choices = [(known, in_minutes(known)) for known in sorted({*DURATIONS, minutes})]

    def values(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        data["consultation_modes"] = [mode for mode in ConsultationMode.values if mode in data["consultation_modes"]]
        return data


def _day(**kwargs: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(widget=widget, input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)


class PaperForm(FocusOnError, forms.Form):
    type = forms.ChoiceField(label=_("What is it?"), choices=CredentialType.choices)
    name = LineField(
        label=_("Name of the paper"),
        max_length=200,
        help_text=_("For example: Practising licence 2026, or MBChB certificate."),
    )
    file = DocumentField(
        label=_("File"),
        help_text=_("PDF, JPG or PNG, at most 10 MB. All of the paper must be readable."),
    )
    issued_by = LineField(label=_("Issued by"), max_length=200)
    issued_at = _day(label=_("Issued on"), required=False)
    expires_at = _day(label=_("Valid until"), required=False, help_text=_("A practising licence always has an end."))

    def __init__(self, *args: Any, today: date, has_file: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        if has_file:
            self.fields["file"].required = False
            self.fields["file"].label = _("Another file instead")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        issued, expires = data.get("issued_at"), data.get("expires_at")
        if issued and issued > self.today:
            self.add_error("issued_at", _("This day has not come yet."))
        if issued and issued.year < EARLIEST_YEAR:
            self.add_error("issued_at", _("Check the year."))
        if expires and expires < self.today:
            self.add_error("expires_at", _("This paper has ended. Bring one that is valid."))
        elif expires and issued and expires <= issued:
            self.add_error("expires_at", _("This must be after the day of issue."))
        elif expires and expires.year > self.today.year + 60:
            self.add_error("expires_at", _("Check the year."))
        if data.get("type") == CredentialType.LICENSE and not expires and "expires_at" not in self.errors:
            self.add_error("expires_at", _("Enter the last day on which the licence is valid."))
        if self.errors and data.get("file") is not None:
            # Browsers do not send a file twice by themselves.
            self.add_error("file", _("Please choose the file again; it was not kept."))
        return data

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "file"}


class RefusalForm(FocusOnError, forms.Form):
    reason = forms.CharField(
        label=_("Reason, for the doctor to read"),
        max_length=500,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3}),
    )
