"""Views that ask who the user is, log in and log out. The user is the second of the table."""

from django.contrib import auth
from django.http import HttpResponse

from benchproject.views import answered, both

CREDENTIALS = {"username": "bob", "password": "correct horse battery staple"}


def user_sync(request):
    next(answered)
    return HttpResponse(request.user.get_username())


async def user_async(request):
    next(answered)
    return HttpResponse((await request.auser()).get_username())


def authenticate_sync(request):
    next(answered)
    return HttpResponse(auth.authenticate(request, **CREDENTIALS).get_username())


async def authenticate_async(request):
    next(answered)
    return HttpResponse((await auth.aauthenticate(request, **CREDENTIALS)).get_username())


def login_sync(request):
    next(answered)
    auth.login(request, auth.authenticate(request, **CREDENTIALS))
    return HttpResponse(b"Hello, world!")


async def login_async(request):
    next(answered)
    await auth.alogin(request, await auth.aauthenticate(request, **CREDENTIALS))
    return HttpResponse(b"Hello, world!")


def logout_sync(request):
    next(answered)
    auth.logout(request)
    return HttpResponse(b"Hello, world!")


async def logout_async(request):
    next(answered)
    await auth.alogout(request)
    return HttpResponse(b"Hello, world!")


urlpatterns = [
    *both("user", user_sync, user_async),
    *both("authenticate", authenticate_sync, authenticate_async),
    *both("login", login_sync, login_async),
    *both("logout", logout_sync, logout_async),
]
