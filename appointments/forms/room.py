"""What the two people of a video visit write beside the picture."""

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.models import RoomMessage
from precta.text import plain_text

LONGEST = RoomMessage._meta.get_field("text").max_length


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Your note"),
        max_length=LONGEST,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST, "autocomplete": "off"}),
        error_messages={"required": _("Write something first.")},
    )
