"""The pharmacy's desk inside the clinic's admin: holders of `orders.view`, `orders.dispense`, `orders.cancel`."""
