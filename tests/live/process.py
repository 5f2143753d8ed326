# SPDX-License-Identifier: Apache-2.0
"""Programs that tests and the demo start and later end, perhaps from another run."""

import os
import pathlib
import signal
import subprocess
import time


def start_time(pid):
    """When the process started, in the kernel's ticks; None if there is none, or only what a parent has not collected yet."""
    try:
        state, *fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return None
    return None if state == "Z" else fields[18]


class Process:
    """A program in a session of its own, known by a file that holds its pid and start time, so that a reused pid is never signalled."""

    def __init__(self, pid_file):
        self.pid_file = pathlib.Path(pid_file)
        self._child = None

    def pid(self):
        """The pid while the process runs, else None."""
        if self._child:
            self._child.poll()
        try:
            pid, started = self.pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def start(self, command, log, keep):
        """keep: outlive the starter; else the kernel ends the process when the thread that called start is gone, however it went."""
        if not keep:
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with open(log, "ab") as output:
            self._child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        self.pid_file.write_text(f"{self._child.pid} {start_time(self._child.pid)}\n")

    def stop(self, patience=15):
        """TERM, then KILL after patience seconds. Nothing happens if it does not run."""
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + patience
            while self.pid() and time.monotonic() < end:
                time.sleep(0.02)
            if self.pid():
                os.kill(pid, signal.SIGKILL)
            while self.pid():
                time.sleep(0.02)
        if self._child:
            self._child.wait()
            self._child = None
        self.pid_file.unlink(missing_ok=True)
