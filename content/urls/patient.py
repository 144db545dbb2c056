"""Reviewing a consultation: the patient's side of it."""

app_name = "patient"

urlpatterns: list = []
