"""What is in the forum: items, as many and as long as a page's list of them."""

ITEMS = 100
BODY = "What does one request cost, sync and async? " * 5


def title(pk):
    return "Item %d" % pk


def page():
    """Return the lines of the forum's page: the titles of the last ten items, and the body of the last of those."""
    return [title(pk) for pk in range(ITEMS, ITEMS - 10, -1)] + [BODY]


ROWS = 20
TEMPLATE = """<!DOCTYPE html>
<title>Forum</title>
<p>Hello, {{ name }}!</p>
<table>{% for item in items %}
<tr class="{% cycle 'odd' 'even' %}">
<td>{{ item.pk }}<td>{{ item.title|upper }}<td>{{ item.body|truncatewords:5 }}</tr>{% endfor %}
</table>
<article>{{ oldest.body|linebreaks }}</article>
"""
