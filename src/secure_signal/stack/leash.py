"""Run a program that dies with its parent: ``leash.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…``.

Started as a script by ``child.py``, and then replaced by the program. Linux only sends the signal
(prctl(2), PR_SET_PDEATHSIG); elsewhere ``leftovers.py`` ends at the next start what stayed. A change
of user clears the setting, so the change comes first; exec keeps it. UID -1: the user stays.
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Become the user, tie the leash, become the program."""
    parent, signal, uid, gid = (int(word) for word in sys.argv[1:5])
    program = sys.argv[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal)
        if os.getppid() != parent:  # it died before the leash was tied
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606


if __name__ == "__main__":
    main()
