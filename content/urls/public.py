"""Health articles, for anybody."""

app_name = "public"

urlpatterns: list = []
