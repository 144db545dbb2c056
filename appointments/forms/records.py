"""What a person says about documents, and the documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Patient
from appointments.models import RecordType
from precta.files.checks import RECORDS, CheckedUpload, accepted, check_upload
from precta.files.uploads import DroppedUpload
from precta.forms import FocusOnError
from precta.text import LineField, plain_text, printable

EARLIEST_YEAR = 1900
MOST_AT_ONCE = 10
LONGEST_SHOWN_NAME = 80

TOGETHER = _("These files are too much for one go. Send this one by itself.")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not taken: its name as the person knows it, why, and the code of the reason."""

    name: str
    why: str
    code: str


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or several, unread: each is checked by itself, so that one bad file spoils no other."""

    widget = ManyFiles
    default_error_messages = {"required": _("Choose a file.")}

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "accept": accepted(RECORDS)}

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = [one for one in (data or []) if hasattr(one, "size") and hasattr(one, "read")]
        if not files:
            raise ValidationError(self.error_messages["required"], code="required")
        return files[:MOST_AT_ONCE]


class DetailsForm(FocusOnError, forms.Form):
    """What a document is."""

    type = forms.ChoiceField(label=_("What is it?"), choices=RecordType.choices, initial=RecordType.OTHER)
    name = LineField(label=_("Name"), max_length=200)
    dated = forms.DateField(
        label=_("Date on the document"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
    )
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=1000,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_dated(self) -> date | None:
        day = self.cleaned_data["dated"]
        if day and day > self.today:
            raise ValidationError(_("This day has not come yet."))
        if day and day.year < EARLIEST_YEAR:
            raise ValidationError(_("Check the year."))
        return day


class UploadForm(DetailsForm):
    """Documents of one of `people`, with what is said about all of them."""

    files = FilesField(
        label=_("Files"),
        help_text=_("PDF, JPG, PNG, WebP or HEIC, at most 10 MB each. Where a photo was taken is not kept."),
    )
    for_whom = forms.ChoiceField(label=_("Whose documents are these?"))
    field_order = ("files", "for_whom", "type", "name", "dated", "description")

    def __init__(self, *args: Any, people: Iterable[Patient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        whom = self.fields["for_whom"]
        whom.choices = [(person.pk, person.full_name) for person in self.people.values()]
        if len(self.people) == 1:
            whom.widget = forms.HiddenInput()
            whom.initial = next(iter(self.people))
        self.fields["name"].required = False
        self.fields["name"].help_text = _("Left empty, each document is called like its file.")

    @property
    def patient(self) -> Patient:
        return self.people[self.cleaned_data["for_whom"]]

    def details(self) -> dict[str, Any]:
        """What is said of every file; a name only where there is one file to bear it."""
        told = {name: self.cleaned_data[name] for name in ("type", "dated", "description")}
        return {**told, "name": self.cleaned_data["name"] if len(self.cleaned_data["files"]) == 1 else ""}


def checked(upload: Any) -> CheckedUpload | Refused:
    """The file as it may be kept, or why not."""
    name = shown_name(upload)
    if isinstance(upload, DroppedUpload) and upload.together:
        return Refused(name, str(TOGETHER), "size")
    try:
        return check_upload(upload, allowed=RECORDS)
    except ValidationError as error:
        return Refused(name, " ".join(error.messages), getattr(error, "code", "") or "")


def shown_name(upload: Any) -> str:
    return printable(str(upload.name or ""))[:LONGEST_SHOWN_NAME] or str(_("A file without a name"))
