"""Puts a checkout into the environment that runs this script: ``python install.py CHECKOUT PACKAGE``.

A link is all it takes: a .pth file, and bytecode compiled now so that no benchmark pays for it. A wheel of Django takes
30 seconds to build and install, this a few.
"""

import compileall
import os
import subprocess
import sys
import sysconfig


def install(checkout, package):
    """Link ``checkout`` and compile its ``package``. Raises SystemExit, in one line, where that does not import."""
    source = os.path.join(checkout, package)
    if not os.path.isfile(os.path.join(source, "__init__.py")):
        raise SystemExit("%s holds no package %s" % (checkout, package))
    with open(os.path.join(sysconfig.get_path("purelib"), "measured-checkout.pth"), "w") as link:
        # First on the path, before an asgiref that came with a Django that is not measured. Every locale reads ASCII.
        link.write("import os, sys; sys.path.insert(0, os.fsdecode(%r))\n" % os.fsencode(checkout))
    compileall.compile_dir(source, quiet=2, workers=os.cpu_count())
    _prove_import(package, source)


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
