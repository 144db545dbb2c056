"""A patient's orders over all clinics, on the platform host."""

app_name = "me-orders"

urlpatterns: list = []
