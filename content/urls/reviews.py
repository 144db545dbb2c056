"""A doctor's reviews, for anybody; to report one, somebody who is signed in."""

app_name = "reviews"

urlpatterns: list = []
