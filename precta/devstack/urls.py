from django.urls import path

from precta.devstack import views

app_name = "devstack"
urlpatterns = [
    path("authenticator/", views.authenticator, name="authenticator"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<str:name>/", views.message, name="message"),
]
