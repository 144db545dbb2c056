"""How forms are rendered."""

from django.forms import BaseForm
from django.forms.renderers import TemplatesSetting


class PrectaRenderer(TemplatesSetting):
    """Our own field groups: label, hint and error tied to the field."""

    form_template_name = "django/forms/form.html"
    field_template_name = "django/forms/field.html"


class FocusOnError(BaseForm):
    """Opens the page at the first field that was refused: on a phone it may be far below the top."""

    def full_clean(self) -> None:
        super().full_clean()
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong:
            self.fields[wrong].widget.attrs["autofocus"] = True
