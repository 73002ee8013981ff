"""What is in the forum's database: items."""

from django.db import models

from benchproject.forum.content import BODY, ITEMS, title


class Item(models.Model):
    title = models.CharField(max_length=100)
    body = models.TextField()
    views = models.IntegerField(default=0)

    class Meta:
        app_label = "forum"  # so that the views may be imported where the app is not installed


def fill():
    """Create the items in an empty table, which gives them the primary keys 1 to ITEMS."""
    Item.objects.bulk_create(Item(title=title(pk), body=BODY) for pk in range(1, ITEMS + 1))
