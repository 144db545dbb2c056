"""The portal's standing texts: privacy, terms, help."""

from django.views.generic import TemplateView

privacy = TemplateView.as_view(template_name="pages/privacy.html")
terms = TemplateView.as_view(template_name="pages/terms.html")
help_page = TemplateView.as_view(template_name="pages/help.html")
