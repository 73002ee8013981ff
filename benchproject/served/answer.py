"""What all served views share: their answer, and what they are asked for."""

from django.http import HttpResponse


def answer(body):
    """Answer with a length, without which some servers close the connection after each request."""
    response = HttpResponse(body, content_type="text/plain")
    response["Content-Length"] = str(len(response.content))
    return response


def unavailable(problem):
    """Answer that this version of a view cannot be: n/a."""
    return HttpResponse(str(problem), content_type="text/plain", status=501)


def seconds(request):
    """Return what ``?ms=`` asks for, 0.0 without it. Raises ValueError where it is no number."""
    return float(request.GET.get("ms", 0)) / 1000
