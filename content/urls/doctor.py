"""A doctor's own reviews, in the workspace."""

app_name = "doctor"

urlpatterns: list = []
