"""Runs a command to its end and prints its wall time, processor time (seconds) and peak memory (bytes) as JSON.

measure.py OUTPUT COMMAND...   what the command prints goes to the file OUTPUT; ends as the command ends
"""

import json
import os
import sys
import time

output, *command = sys.argv[1:]
with open(output, "wb") as file:
    began = time.monotonic()
    # A process starts with the peak of who forked it (getrusage(2)): this one is small.
    pid = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1)],
    )
    _, status, used = os.wait4(pid, 0)
    seconds = time.monotonic() - began
figures = {"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "bytes": used.ru_maxrss * 1024}
print(json.dumps(figures))
sys.exit(os.waitstatus_to_exitcode(status))
