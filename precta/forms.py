"""How forms are rendered."""

from django.forms.renderers import TemplatesSetting


class PrectaRenderer(TemplatesSetting):
    """Our own field groups: label, hint and error tied to the field."""

    form_template_name = "django/forms/form.html"
    field_template_name = "django/forms/field.html"
