from django.urls import path

from precta.notifications import views

app_name = "notifications"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("read/", views.read_all, name="read-all"),
    path("<str:notification_id>/read/", views.read, name="read"),
]
