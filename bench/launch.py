"""Start one program, wait for its end, and print its wall time, CPU time (seconds) and peak memory (bytes).

It is as small as a Python can be, because the system counts the memory of the process that starts another as the
least that the other ever had. Usage: launch.py PROGRAM [ARGUMENT...]
"""

import os
import sys
import time

SILENT = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]

started = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=SILENT)
_, status, usage = os.wait4(process, 0)
wall_s = time.perf_counter() - started
# Linux counts in kilobytes, macOS in bytes.
peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(wall_s, usage.ru_utime + usage.ru_stime, peak)
sys.exit(os.waitstatus_to_exitcode(status))
