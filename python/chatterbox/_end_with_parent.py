"""python _end_with_parent.py PID PROGRAM ARGUMENTS...: becomes the program, which ends with its parent, PID.

The kernel kills it, so that happens after a kill -9 of the parent, too. More exactly it happens when the
thread ends that started this process.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        sys.exit("error: this system cannot end a process with its parent")
    if os.getppid() == parent:  # else it ended before this process had asked
        os.execv(command[0], command)


if __name__ == "__main__":
    main()
