"""The pharmacy's counter and the orders of the patient's side, on the clinic's host."""

app_name = "orders"

urlpatterns: list = []
