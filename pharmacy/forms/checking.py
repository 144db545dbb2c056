"""Typing a code from paper."""

from django import forms
from django.utils.translation import gettext_lazy as _

from pharmacy.codes import normal_code
from precta.text import plain_line


class CodeForm(forms.Form):
    """A verification code as people type it, in any case and with any separators; cleaned it is as it is kept."""

    code = forms.CharField(
        label=_("Code of the prescription"),
        max_length=100,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_("It stands beside the QR code. Capitals and dashes do not matter."),
    )

    def clean_code(self) -> str:
        code = normal_code(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(_("This is no code of a prescription. Compare each character, please."))
        return code
