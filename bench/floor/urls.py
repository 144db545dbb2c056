from django.urls import path

from bench.floor import views

urlpatterns = [path("people/", views.people), path("people/<int:pk>/", views.slots), path("upload/", views.upload)]
