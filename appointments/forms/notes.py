"""What the doctor types about a visit."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from appointments.models import Consultation
from precta.text import plain_text

LONGEST = 20_000
LARGEST_VERSION = 2**31 - 1


class NoteField(forms.CharField):
    """Text as it is typed, with one kind of line end; not stripped, so that autosave never fights the typing."""

    default_validators = [plain_text]

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        # Nothing of it is kept by the browser for whoever sits at the computer next.
        attrs = {"rows": rows, "autocomplete": "off"}
        kwargs.setdefault("widget", forms.Textarea(attrs=attrs))
        super().__init__(**{"required": False, "strip": False, "max_length": LONGEST} | kwargs)
        self.wanted_later = True  # says nothing of "(optional)"

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


class NotesForm(forms.Form):
    reason = NoteField(label=_("Reason for the visit"), rows=2)
    findings = NoteField(label=_("Findings"), rows=5)
    diagnosis = NoteField(label=_("Diagnosis"), rows=2)
    plan = NoteField(label=_("Plan"), rows=4)
    doctor_notes = NoteField(label=_("Private notes"), rows=3)
    follow_up_recommended = forms.BooleanField(label=_("I recommend a follow-up"), required=False)
    follow_up_notes = NoteField(label=_("About the follow-up"), rows=2, max_length=1000)
    version = forms.IntegerField(min_value=0, max_value=LARGEST_VERSION, widget=forms.HiddenInput)

    TEXTS = ("reason", "findings", "diagnosis", "plan", "doctor_notes", "follow_up_notes")

    @classmethod
    def of(cls, notes: Consultation) -> "NotesForm":
        return cls(initial=written(notes) | {"version": notes.notes_version})

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}


class AddendumForm(forms.Form):
    text = NoteField(label=_("Addition"), required=True, strip=True, rows=3, max_length=5000)

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"]
        if not text.strip():
            raise ValidationError(_("Write something first."), code="required")
        return text


def written(notes: Consultation) -> dict[str, Any]:
    """The fields of the form as they are saved."""
    return {name: getattr(notes, name) for name in (*NotesForm.TEXTS, "follow_up_recommended")}
