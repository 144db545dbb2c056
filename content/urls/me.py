"""A person's own reviews, on the platform host."""

from django.urls import path

from content.views.reviews import me

app_name = "me"

urlpatterns = [
    path("", me.reviews, name="reviews"),
]
