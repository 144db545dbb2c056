"""The namespace `content` of the platform host."""

from django.urls import include, path

app_name = "content"

urlpatterns = [
    path("articles/", include("content.urls.public")),
    path("", include("content.urls.reviews")),
    path("me/reviews/", include("content.urls.me")),
]
