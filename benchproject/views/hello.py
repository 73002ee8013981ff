"""The smallest views: they answer with the same few bytes, in each of the ways that a middleware's hooks tell apart."""

from django.http import HttpResponse
from django.template.response import SimpleTemplateResponse

from benchproject.views import answered, both


def hello_sync(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


async def hello_async(request):
    next(answered)
    return HttpResponse(b"Hello, world!")


def raise_sync(request):
    next(answered)
    raise ValueError("planned")


async def raise_async(request):
    next(answered)
    raise ValueError("planned")


class HelloTemplateResponse(SimpleTemplateResponse):
    """Rendered like a template response, without the cost of a template."""

    @property
    def rendered_content(self):
        return "Hello, world!"


def template_response_sync(request):
    next(answered)
    return HelloTemplateResponse(None)


async def template_response_async(request):
    next(answered)
    return HelloTemplateResponse(None)


urlpatterns = [
    *both("hello", hello_sync, hello_async),
    *both("raise", raise_sync, raise_async),
    *both("template_response", template_response_sync, template_response_async),
]
