"""The link of an invitation to a clinic's staff, on the platform host."""

from django.urls import path

from accounts.views import invitation

app_name = "invitation"
urlpatterns = [
    path("<str:token>/", invitation.show, name="show"),
    path("<str:token>/accept/", invitation.accept, name="accept"),
    path("<str:token>/decline/", invitation.decline, name="decline"),
    path("<str:token>/code/", invitation.send_code, name="code"),
]
