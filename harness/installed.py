"""Refuses another code than the one that was installed to be measured: its versions, its files, and where they lie.

What is installed in an environment can be replaced there, or hidden by what comes first on the path, and the figures
would still be stored by the names of the pins. So the process that measures says what it runs, and compares.
"""

import ast
import csv
import functools
import json
import os
import platform
import re
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import asgiref
import django

from harness.install import LINK, RECORD, WITHOUT_CHECKOUT, digest

MEASURED = ("django", "asgiref", "asv_runner")
"""The packages of whose code a figure is made."""

_known = {}  # the modules that were looked at, by name: to look at all in each proof takes longer than the proof

_ROOT = Path(__file__).parent.parent
_INFO = Path(sys.prefix, "asv-env-info.json")
_PIN = re.compile(r'"(?:pip\+)?([\w-]+)": \["([\w.]+)"\]')


def versions():
    """Return the versions of what this process runs, by name."""
    found = {"Python": platform.python_version(), "Django": django.__version__, "asgiref": asgiref.__version__}
    return dict(found, asv_runner=metadata.version("asv_runner"))


def refuse_others():
    """Raise SystemExit, asv's one line, where something else is installed or imported than what is to be measured."""
    found = [*_other_versions(), *_edited_files(), *foreign_modules()]
    if found:
        raise SystemExit(
            "not measured: %s; remove the environment %s, and it is made anew" % ("; ".join(found), sys.prefix)
        )


def refuse_anchor():
    """Raise SystemExit, asv's one line, where the anchor would be stored by the name of a commit."""
    if os.environ.get(WITHOUT_CHECKOUT):
        raise SystemExit("not measured: %s is set, which leaves the commit out; unset it" % WITHOUT_CHECKOUT)


def linked_package():
    """Return the package whose checkout harness/install.py linked: "django" or "asgiref"; "" where it linked none."""
    return _record_of_link().partition(os.sep)[0]


def foreign_modules():
    """Yield the modules of ``MEASURED`` that do not lie where what is measured was installed; each proof asks again."""
    roots = {name: _root(name) for name in MEASURED}
    unknown = {name: module for name, module in list(sys.modules.items()) if _known.get(name) is not module}
    for name, module in unknown.items():
        package, file = name.partition(".")[0], getattr(module, "__file__", None)
        if package in roots and file and not _lies_in(file, os.path.join(roots[package], package)):
            yield "%s is that of %s, not of %s" % (name, file, roots[package])
        else:
            _known[name] = module


def _pins():
    """Return the versions that are to be installed: those of asv's environment, those of asv.conf.json elsewhere."""
    pins = dict(_PIN.findall((_ROOT / "asv.conf.json").read_text().partition('"req"')[2]))
    if not _INFO.is_file():
        del pins["Django"]  # the anchor, which asv's environments hold
        return pins
    return dict(_info()["requirements"], asv_runner=pins["asv_runner"])


def _info():
    return json.loads(_INFO.read_text())


def _other_versions():
    for name, pinned in sorted(_pins().items()):
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # a server, where none is measured
        if found != pinned and not _is_linked(name.lower()):
            yield "%s %s is installed, %s is pinned" % (name, found, pinned)
    if _INFO.is_file() and _info()["python"] != _series():
        yield "this is Python %s, the environment was made for %s" % (platform.python_version(), _info()["python"])


def _series():
    """Return this Python's series, as asv names it: "3.12", "3.14t" where it is free-threaded."""
    return "%d.%d" % sys.version_info[:2] + "t" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _edited_files():
    """Yield the files of packages that are not those that were installed, by the record of a wheel or of the link."""
    for name in MEASURED:
        if _is_linked(name):
            yield from _edited("the checkout that was installed", _checkout(), _record_of_link())
        elif _root(name) == os.path.dirname(LINK):  # elsewhere is a tree that PYTHONPATH names
            distribution = metadata.distribution(name)
            installed = "%s %s" % (name, distribution.version)
            yield from _edited(installed, _root(name), distribution.read_text("RECORD"))


def _edited(installed, folder, record):
    if not record:
        yield "there is no record of the files of %s" % installed
    for file, recorded, _ in csv.reader((record or "").splitlines()):
        if file.endswith(".py") and recorded != digest(os.path.join(folder, file)):
            yield "%s is not the file of %s" % (file, installed)


def _record_of_link():
    return Path(RECORD).read_text(encoding="utf-8") if os.path.isfile(RECORD) else ""


@functools.lru_cache(maxsize=None)
def _root(package):
    """Return the folder from which a package is to be imported: the measured checkout, PYTHONPATH's, site-packages."""
    folders = [_checkout(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return next((each for each in folders if each and os.path.isdir(os.path.join(each, package))), _site(package))


def _site(package):
    try:
        return str(metadata.distribution(package).locate_file(""))
    except metadata.PackageNotFoundError:
        return os.path.dirname(LINK)


def _is_linked(package):
    return bool(_checkout()) and os.path.isdir(os.path.join(_checkout(), package))


def _checkout():
    """Return the folder that harness/install.py linked, "" where it linked none and in a process of the anchor."""
    if os.environ.get(WITHOUT_CHECKOUT) or not os.path.isfile(LINK):
        return ""
    return os.fsdecode(ast.literal_eval(re.search(r"fsdecode\((b.+)\)\)", Path(LINK).read_text()).group(1)))


def _lies_in(file, folder):
    return _real(file).startswith(_real(folder) + os.sep)


@functools.lru_cache(maxsize=None)
def _real(path):
    """Return what ``os.path.realpath`` does, asking about a folder once: a proof would take half as long again."""
    folder, name = os.path.split(path)
    if name in ("", os.curdir, os.pardir) or os.path.islink(path):
        return os.path.realpath(path)
    return os.path.join(_real(folder), name)
