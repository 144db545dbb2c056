"""Deciding on doctors: why something is sent back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.rejection_reasons import OTHER, Reason
from precta.text import plain_text


class RejectionForm(forms.Form):
    """One of `reasons`, and words of one's own where the reason has none."""

    code = forms.ChoiceField(label=_("Reason"))
    note = forms.CharField(
        label=_("What the doctor should do"),
        max_length=800,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[plain_text],
    )

    def __init__(self, *args: Any, reasons: dict[str, Reason], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose a reason")), *((code, reason.label) for code, reason in reasons.items())]
        self.fields["code"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("code") == OTHER and not data.get("note", "").strip():
            self.add_error("note", _("Say what the reason is."))
        return data
