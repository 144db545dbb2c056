"""Health articles, for anybody."""

from django.urls import path

from content.views import feeds, public

app_name = "public"

urlpatterns = [
    path("", public.articles, name="articles"),
    path("feed.xml", feeds.feed, name="feed"),
    path("authors/<slug:author_slug>/", public.author, name="author"),
    path("<slug:article_slug>/", public.article, name="article"),
]
