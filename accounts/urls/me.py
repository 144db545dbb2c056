"""A patient's own pages, for the role patient."""

from django.urls import path

import precta.converters  # noqa: F401 - registers <id:…>
from accounts.views import consents, me

app_name = "me"
urlpatterns = [
    path("profile/", me.profile, name="profile"),
    path("consents/", consents.consents, name="consents"),
    path("consents/<id:consent_id>/withdraw/", consents.withdraw, name="consent-withdraw"),
    path("family/", me.family, name="family"),
    path("family/add/", me.add, name="child-add"),
    path("family/<id:link_id>/", me.edit, name="child"),
    path("family/<id:link_id>/stop/", me.stop, name="child-stop"),
]
