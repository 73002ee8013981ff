"""Puts a checkout into the environment that runs this script: ``python install.py CHECKOUT PACKAGE``.

A link is all it takes: a .pth file, and bytecode compiled now so that no benchmark pays for it. A wheel of Django takes
30 seconds to build and install, this a few. A record of the files' digests, as a wheel has one, tells later whether
they are what was installed.
"""

import base64
import compileall
import csv
import hashlib
import os
import subprocess
import sys
import sysconfig

LINK = os.path.join(sysconfig.get_path("purelib"), "measured-checkout.pth")
RECORD = os.path.join(sysconfig.get_path("purelib"), "measured-checkout.record")

WITHOUT_CHECKOUT = "WITHOUT_CHECKOUT"
"""In the environment of a process it leaves the link out, so that the anchor is imported, which is installed beside."""


def install(checkout, package):
    """Link ``checkout`` and compile its ``package``. Raises SystemExit, in one line, where that does not import."""
    source = os.path.join(checkout, package)
    if not os.path.isfile(os.path.join(source, "__init__.py")):
        raise SystemExit("%s holds no package %s" % (checkout, package))
    link_to(checkout, package)
    compileall.compile_dir(source, quiet=2, workers=os.cpu_count())
    _prove_import(package, source)


def link_to(checkout, package, link=LINK, record=RECORD):
    """Write the link to ``checkout``, and the record of the code of its ``package``."""
    with open(link, "w") as file:
        # First on the path, before the anchor, and an asgiref that came with it. Every locale reads ASCII.
        line = "import os, sys; os.environ.get(%r) or sys.path.insert(0, os.fsdecode(%r))\n"
        file.write(line % (WITHOUT_CHECKOUT, os.fsencode(checkout)))
    with open(record, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([path, digest(os.path.join(checkout, path)), ""] for path in code(checkout, package))


def code(checkout, package):
    """Yield the paths of a package's files of code, below ``checkout``."""
    for folder, _, names in os.walk(os.path.join(checkout, package)):
        yield from (os.path.relpath(os.path.join(folder, name), checkout) for name in names if name.endswith(".py"))


def digest(path):
    """Return what a record says of a file (packaging.python.org, "RECORD"); "" where the file is not there."""
    if not os.path.isfile(path):
        return ""
    with open(path, "rb") as file:
        found = hashlib.sha256(file.read()).digest()
    return "sha256=" + base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def _prove_import(package, source):
    """Raise SystemExit unless a new process imports ``package`` from ``source``: nothing else is to be measured."""
    program = "import os, sys, %s as it; sys.stdout.buffer.write(os.fsencode(os.path.realpath(it.__file__)))" % package
    run = subprocess.run([sys.executable, "-c", program], capture_output=True)
    if run.returncode:
        raise SystemExit("%s does not import: %s" % (source, os.fsdecode(run.stderr).strip().splitlines()[-1]))
    found = os.path.dirname(os.fsdecode(run.stdout))
    if found != os.path.realpath(source):
        raise SystemExit("import %s finds %s, not %s" % (package, found, source))


if __name__ == "__main__":
    install(*sys.argv[1:])
