"""What a clinic's days came to: bookings, visits and money, for the clinic and for the platform."""
