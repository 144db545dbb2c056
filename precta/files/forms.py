"""A form's file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from precta.files.checks import DOCUMENTS, MOST_BYTES, CheckedUpload, accepted, check_upload

STATUSES = {"type": 415, "size": 413, "unchecked": 503}


class DocumentField(forms.FileField):
    """Checks what was chosen: `cleaned_data` is a CheckedUpload, or None when nothing was and nothing has to be."""

    widget = forms.FileInput
    default_error_messages = {
        "required": _("Choose a file."),
        "missing": _("Choose a file."),
        "invalid": _("This was not sent as a file. Load the page again and choose it once more."),
    }

    def __init__(self, *, allowed: frozenset[str] = DOCUMENTS, max_bytes: int = MOST_BYTES, **kwargs: Any) -> None:
        self.allowed, self.max_bytes = allowed, max_bytes
        super().__init__(**kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "accept": accepted(self.allowed)}

    def to_python(self, data: Any) -> CheckedUpload | None:  # type: ignore[override]
        if data in self.empty_values:
            return None
        if not hasattr(data, "size") or not hasattr(data, "read"):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return check_upload(data, allowed=self.allowed, max_bytes=self.max_bytes)

    def clean(self, data: Any, initial: Any = None) -> CheckedUpload | None:
        value = self.to_python(data)
        self.validate(value)
        self.run_validators(value)
        return value


def status_of(form: forms.BaseForm) -> int:
    """What a refused form answers: 415 for a wrong kind of file, 413 for one too large, 400 for anything else."""
    codes = [error.code for errors in form.errors.as_data().values() for error in errors]
    return next((STATUSES[code] for code in codes if code in STATUSES), 400)
