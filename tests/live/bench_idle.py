# SPDX-License-Identifier: Apache-2.0
"""How long cairnd takes from its start until the node answers its operator, and what each role holds in memory when nothing happens.

    bench_idle.py DIRECTORY ROUNDS          $CAIRN_BUILD is the build directory; tools/bench idle runs it

The node is set up, with a partner, on a real homeserver. Ready is the answer to a command, not the socket that takes it. Memory is what is
private to the process two seconds later: Private_Clean + Private_Dirty of /proc/PID/smaps_rollup.
"""

import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]

from bench_referral import ask
from figures import line
from node import Network


def start(node):
    """(process, milliseconds until the answer): cairnd as systemd starts it, without a helper between."""
    programs = node.programs
    command = [programs.cairnd, "-c", node.config, "-n", programs.node, "-b", programs.bridge]
    with open(node.log, "ab") as log:
        begun = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    end = begun + 30
    while time.monotonic() < end:
        try:
            ask(node, "list", {"what": "partners"})
            return process, 1e3 * (time.monotonic() - begun)
        except OSError:
            time.sleep(0.0005)
    raise TimeoutError("the node does not answer")


def private_mib(pid):
    fields = (line.split() for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return sum(int(words[1]) for words in fields if words[0] in ("Private_Clean:", "Private_Dirty:")) / 1024


def roles(process):
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    pids = {pathlib.Path(f"/proc/{pid}/comm").read_text().strip(): int(pid) for pid in children}
    return {"cairnd": process.pid, "node": pids["cairn-node"], "bridge": pids["cairn-bridge"]}


def main():
    directory, rounds = sys.argv[1], int(sys.argv[2])
    ready, memory = [], {"cairnd": [], "node": [], "bridge": []}
    with Network(directory, os.environ["CAIRN_BUILD"]) as network:
        network.join()
        node = network.a
        node.stop()
        for number in range(rounds + 1):
            process, milliseconds = start(node)
            try:
                time.sleep(2)
                if number > 0:
                    ready.append(milliseconds)
                    for role, pid in roles(process).items():
                        memory[role].append(private_mib(pid))
            finally:
                process.terminate()
                process.wait()
    line("idle.ready", ready, "ms", target="<= 50")
    for role, values in memory.items():
        line(f"idle.memory.{role}", values, "MiB private", target="<= 4")
    return 0


if __name__ == "__main__":
    sys.exit(main())
