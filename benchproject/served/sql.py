"""The forum's two queries in SQL, as the ORM sends them, and what the page makes of their rows."""

LIST = 'SELECT "id", "title" FROM "forum_item"%s ORDER BY "id" DESC LIMIT 10'
DETAIL = 'SELECT "body" FROM "forum_item" WHERE "id" = %d%s'


def sleep(seconds):
    """Return a condition that takes so long, once a query since it depends on no row."""
    return "(SELECT pg_sleep(%r)) IS NOT NULL" % seconds


def list_of_items(seconds):
    return LIST % (" WHERE " + sleep(seconds) if seconds else "")


def detail(pk, seconds):
    return DETAIL % (pk, " AND " + sleep(seconds) if seconds else "")


def lines(items, body):
    return [title for _, title in items] + [body]
