"""A Kenyan mobile number, typed in any common form."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from precta.payments.exceptions import InvalidPhone
from precta.payments.phones import mpesa_phone


class MobileField(forms.CharField):
    """Cleaned to `+254…`, or "" when it may be left open."""

    widget = forms.TelInput(attrs={"inputmode": "tel", "autocomplete": "tel", "placeholder": "0712 345678"})

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Phone"))
        kwargs.setdefault("max_length", 20)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        typed = super().clean(value)
        if not typed:
            return ""
        try:
            return mpesa_phone(typed)
        except InvalidPhone as error:
            raise forms.ValidationError(
                _("This is not a Kenyan mobile number. Write it like 0712 345678."), code="phone"
            ) from error
