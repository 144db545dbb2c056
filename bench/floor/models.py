from django.db import models


class Group(models.Model):
    name = models.CharField(max_length=100)
    city = models.CharField(max_length=100, db_index=True)


class Person(models.Model):
    name = models.CharField(max_length=100)
    field = models.CharField(max_length=100, db_index=True)
    fee = models.DecimalField(max_digits=10, decimal_places=2)
    rating = models.DecimalField(max_digits=2, decimal_places=1)
    group = models.ForeignKey(Group, models.CASCADE)


class Window(models.Model):
    person = models.ForeignKey(Person, models.CASCADE)
    day = models.IntegerField()
    start = models.TimeField()
    end = models.TimeField()


class Taken(models.Model):
    person = models.ForeignKey(Person, models.CASCADE)
    at = models.DateTimeField(db_index=True)
