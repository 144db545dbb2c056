"""What a clinic that wants to join tells about itself."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.formfields import PhoneNumberField

from clinics.counties import COUNTIES
from clinics.forms import HoursField
from clinics.models import ClinicApplication, RefusalReason
from clinics.opening_hours import DAY_NAMES, DAYS
from clinics.services.applications import propose_slug, slug_trouble
from precta import hosts
from precta.files.forms import DocumentField
from precta.forms import FocusOnError
from precta.text import LineField, plain_line, plain_text

WEEK = [day % DAYS for day in range(1, DAYS + 1)]  # as people read a week: from Monday
USUAL = "08:00-17:00"
MOST_WORDS = 2000


def terms_label() -> SafeString:
    """The sentence with links to the two pages, in the active language."""
    link = '<a href="{}" target="_blank" rel="noopener">'
    return format_html(
        gettext(
            "I may speak for this clinic, what I wrote is true, and the clinic accepts the {terms}terms of use{end} "
            "and the {privacy}privacy notice{end}."
        ),
        terms=format_html(link, hosts.platform_url("pages:terms")),
        privacy=format_html(link, hosts.platform_url("pages:privacy")),
        end=mark_safe("</a>"),
    )


class SlugInput(forms.TextInput):
    """The address name with what follows it in the clinic's address; asks whether it is free while it is typed."""

    template_name = "clinics/join/slug_input.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, value, attrs) | {"platform_host": settings.PLATFORM_HOST}


class ApplicationForm(FocusOnError, forms.Form):
    """`application` is the one that is being changed; its licence stays when no other file is chosen."""

    name = LineField(
        label=_("Name of the clinic"),
        max_length=200,
        min_length=3,
        help_text=_("As it stands on the licence."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    slug = forms.CharField(
        label=_("Address on Precta"),
        max_length=49,
        required=False,
        help_text=_("Small letters, digits and hyphens. It never changes. Left empty, we make one of the name."),
        widget=SlugInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
        validators=[plain_line],
    )
    description = forms.CharField(
        label=_("What the clinic does"),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A few sentences for patients. You can change them later."),
        validators=[plain_text],
    )
    address = LineField(
        label=_("Street, building and floor"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    city = LineField(label=_("City or town"), max_length=100)
    region = forms.ChoiceField(label=_("County"), choices=[("", _("Choose the county")), *((c, c) for c in COUNTIES)])
    phone = PhoneNumberField(label=_("Phone for patients"), region="KE")
    email = forms.EmailField(label=_("E-mail for patients"), max_length=255)
    website = forms.URLField(label=_("Website"), max_length=500, required=False, assume_scheme="https")
    licence_number = LineField(
        label=_("Licence number"),
        max_length=50,
        min_length=3,
        help_text=_("Of the Kenya Medical Practitioners and Dentists Council or the Clinical Officers Council."),
    )
    licence = DocumentField(
        label=_("Licence document"),
        help_text=_("A scan or a sharp photo of all of it: PDF, JPG or PNG, at most 10 MB."),
    )
    contact_name = LineField(
        label=_("Your name"), max_length=150, min_length=3, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contact_phone = PhoneNumberField(
        label=_("Your phone"), region="KE", help_text=_("We call it only about this application.")
    )
    terms = forms.BooleanField(
        label=lazy(terms_label, str)(), error_messages={"required": _("Tick the box to send the application.")}
    )

    def __init__(self, data: Any = None, files: Any = None, *, application: ClinicApplication | None = None) -> None:
        initial: dict[str, Any] = {f"hours_{day}": USUAL for day in range(1, 6)}
        if application is not None:
            initial = {name: getattr(application, name) for name in self.base_fields if hasattr(application, name)}
            initial |= {
                f"hours_{day}": ", ".join("-".join(window) for window in application.operating_hours.get(str(day), []))
                for day in range(DAYS)
            }
        super().__init__(data, files, initial=initial)
        self.application = application
        if application is not None and application.licence_file:
            self.fields["licence"].required = False
            self.fields["licence"].help_text = format_html(
                gettext("We have {name}. Choose another file only to replace it."), name=application.licence_name
            )

    @property
    def clinic_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in ("name", "slug", "description"))

    @property
    def place_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in ("address", "city", "region", "phone", "email", "website"))

    @property
    def hours_fields(self) -> Iterator[forms.BoundField]:
        return (self[f"hours_{day}"] for day in WEEK)

    @property
    def licence_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in ("licence_number", "licence"))

    @property
    def contact_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in ("contact_name", "contact_phone"))

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if not any(character.isalpha() for character in name):
            raise ValidationError(_("Write the clinic's name."), code="no_letters")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "slug" in data:
            self._settle_slug(data)
        hours = [data.get(f"hours_{day}") for day in range(DAYS)]
        if None not in hours and not any(hours):
            self.add_error("hours_1", ValidationError(_("Write the hours of at least one day."), code="closed"))
        if self.errors and data.get("licence") is not None:
            # Everything else is shown again as it was typed; a page cannot fill in a file.
            self.add_error("licence", ValidationError(_("Choose the document once more."), code="again"))
        return data

    def _settle_slug(self, data: dict[str, Any]) -> None:
        data["slug"] = data["slug"].lower()
        if not data["slug"]:
            data["slug"] = propose_slug(data.get("name", ""))
            if not data["slug"] and "name" in data:
                self.add_error("slug", ValidationError(_("Choose an address name."), code="required"))
        elif trouble := slug_trouble(data["slug"], but=self.application):
            self.add_error("slug", ValidationError(trouble, code="slug"))

    def values(self) -> dict[str, Any]:
        """Columns of ClinicApplication."""
        data = self.cleaned_data
        hours = {str(day): data[f"hours_{day}"] for day in range(DAYS) if data[f"hours_{day}"]}
        plain = {name: value for name, value in data.items() if not name.startswith(("hours_", "terms"))}
        plain.pop("licence")
        return plain | {
            "phone": str(data["phone"]),
            "contact_phone": str(data["contact_phone"]),
            "operating_hours": hours,
        }


for _day, _name in enumerate(DAY_NAMES):
    ApplicationForm.base_fields[f"hours_{_day}"] = HoursField(
        label=_name, widget=forms.TextInput(attrs={"placeholder": _("closed"), "inputmode": "text"})
    )


class DecisionForm(forms.Form):
    """Why an application is sent back."""

    code = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *RefusalReason.choices])
    note = forms.CharField(
        label=_("What the applicant should do"),
        max_length=800,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[plain_text],
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("code") == RefusalReason.OTHER and not data.get("note", "").strip():
            self.add_error("note", _("Say what the reason is."))
        return data
