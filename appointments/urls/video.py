"""What the provider of video rooms calls, on the platform host."""

from django.urls import path

from appointments.views import video_webhook

app_name = "video"

urlpatterns = [
    path("100ms/webhook/", video_webhook.hundredms_webhook, name="hundredms-webhook"),
]
