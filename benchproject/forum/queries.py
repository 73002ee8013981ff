"""What a view asks the database, by the sync and by the async ORM: a pair sends the same SQL and returns the same.

The names are those of the sync methods; an async one is prefixed with "a", as Django does. What writes leaves its mark
in ``views``. An async transaction is there for the day when Django has one.
"""

from django.db import transaction

from benchproject.forum.models import Item


def page():
    """The forum's view: a list of items, then one item's detail."""
    items = list(Item.objects.order_by("-pk")[:10])
    return [item.title for item in items] + [Item.objects.get(pk=items[-1].pk).body]


async def apage():
    items = [item async for item in Item.objects.order_by("-pk")[:10]]
    return [item.title for item in items] + [(await Item.objects.aget(pk=items[-1].pk)).body]


def get():
    return Item.objects.get(pk=50).title


async def aget():
    return (await Item.objects.aget(pk=50)).title


def filter():
    return [item.title for item in Item.objects.filter(pk__lte=2)]


async def afilter():
    return [item.title async for item in Item.objects.filter(pk__lte=2)]


def iterator():
    return sum([item.pk for item in Item.objects.iterator()])


async def aiterator():
    return sum([item.pk async for item in Item.objects.aiterator()])


def count():
    return Item.objects.count()


async def acount():
    return await Item.objects.acount()


def create():
    return Item.objects.create(title="New", body="New", views=1).title


async def acreate():
    return (await Item.objects.acreate(title="New", body="New", views=1)).title


def save():
    return Item(pk=50, title="Item 50", body="Saved", views=1).save()


async def asave():
    return await Item(pk=50, title="Item 50", body="Saved", views=1).asave()


def update():
    return Item.objects.filter(pk__lte=10).update(views=1)


async def aupdate():
    return await Item.objects.filter(pk__lte=10).aupdate(views=1)


def atomic():
    with transaction.atomic():
        save()
        return update()


async def aatomic():
    async with transaction.aatomic():
        await asave()
        return await aupdate()
