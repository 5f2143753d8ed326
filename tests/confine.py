# SPDX-License-Identifier: Apache-2.0
"""Runs a program under what a systemd unit's [Service] section forbids, as far as that goes without systemd as the first process.

    confine.py UNIT WRITABLE UID GID PROGRAM [ARGUMENT...]      as root

In force: SystemCallFilter= with SystemCallErrorNumber=, RestrictAddressFamilies=, RestrictNamespaces=, SystemCallArchitectures=native,
MemoryDenyWriteExecute=, NoNewPrivileges=, an empty CapabilityBoundingSet=, LimitCORE=0, UMask=, ProtectSystem=strict (all but WRITABLE is
read-only), ProtectProc=invisible with ProcSubset=pid, and one user for all processes, as DynamicUser= gives. Needs systemd-analyze for the
groups of system calls and $CC (cc) for their numbers. Not in force, since a test has no use for it: PrivateUsers=, PrivateDevices=, cgroups.
"""

import ctypes
import errno
import os
import re
import resource
import shlex
import struct
import subprocess
import sys

ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, AND, EQUAL, RETURN = 0x20, 0x54, 0x15, 0x06
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
NAMESPACES = 0x7E020080  # CLONE_NEW*
NEWNS, RECURSIVE, READ_ONLY = 0x20000, 0x8000, 1
SET_NO_NEW_PRIVS, CAPBSET_DROP, SET_SECCOMP, SET_MDWE = 38, 24, 22, 65
LIBC = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
    return result


def read_unit(path):
    """[(key, value), ...] of its [Service] section."""
    with open(path, encoding="utf-8") as f:
        text = f.read().partition("[Service]")[2].partition("\n[")[0]
    return re.findall(r"^(\w+)=(.*)$", text, re.M)


def value_of(unit, key):
    return [value for name, value in unit if name == key][-1]


def groups():
    """{"@group": [names of calls and groups]}, as this systemd knows them."""
    said = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True).stdout
    found, name = {}, None
    for line in said.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = []
        elif name and line.strip() and not line.strip().startswith("#"):
            found[name].append(line.strip())
        elif line.startswith("#"):
            name = None
    return found


def expand(words, known):
    calls = set()
    for word in words:
        calls |= expand(known.get(word, []), known) if word.startswith("@") else {word}
    return calls


def allowed_calls(unit, known):
    """As systemd.exec(5) has it: the first line makes a list of what is allowed, ~ takes away, a group that is not known is ignored."""
    allowed = expand(["@default"], known)
    for key, value in unit:
        if key == "SystemCallFilter":
            calls = expand(value.lstrip("~").split(), known)
            allowed = allowed - calls if value.startswith("~") else allowed | calls
    return allowed


def numbers():
    compiler = shlex.split(os.environ.get("CC") or "cc")
    text = subprocess.run([*compiler, "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"], capture_output=True, text=True, check=True)
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", text.stdout, re.M)}


def program(unit):
    """The filter. A call that systemd does not know answers ENOSYS, as its own does."""
    known, number = groups(), numbers()
    refuse = ERRNO | getattr(errno, value_of(unit, "SystemCallErrorNumber"))
    allowed = {number[name] for name in allowed_calls(unit, known) if name in number}
    listed = {number[name] for name in expand(["@known"], known) if name in number}
    families = [FAMILIES[name] for name in value_of(unit, "RestrictAddressFamilies").split()]
    code = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCHITECTURES[os.uname().machine]), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    code += [(EQUAL, 0, 2 + 2 * len(families), number["socket"]), (LOAD, 0, 0, 16)]
    code += [step for family in families for step in ((EQUAL, 0, 1, family), (RETURN, 0, 0, ALLOW))]
    code += [(RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT)]
    code += [(EQUAL, 0, 4, number["clone"]), (LOAD, 0, 0, 16), (AND, 0, 0, NAMESPACES), (EQUAL, 1, 0, 0), (RETURN, 0, 0, refuse), (LOAD, 0, 0, 0)]
    for call in sorted(listed):
        # glibc falls back to clone, whose flags a filter can see; so does systemd with RestrictNamespaces=.
        action = ERRNO | errno.ENOSYS if call == number["clone3"] else ALLOW if call in allowed else refuse
        code += [(EQUAL, 0, 1, call), (RETURN, 0, 0, action)]
    code += [(RETURN, 0, 0, ERRNO | errno.ENOSYS)]
    return code


def hide_files(writable):
    """A mount namespace of its own; all is read-only but one directory, and /proc shows nobody else's processes."""
    check(LIBC.unshare(NEWNS), "unshare")
    run = lambda *command: subprocess.run(["mount", *command], check=True)
    run("--make-rprivate", "/")
    run("--bind", writable, writable)
    run("-t", "proc", "-o", "nosuid,nodev,noexec,hidepid=invisible,subset=pid", "proc", "/proc")
    for path, flags, attributes in (b"/", RECURSIVE, (READ_ONLY, 0, 0, 0)), (writable.encode(), 0, (0, READ_ONLY, 0, 0)):
        packed = struct.pack("=4Q", *attributes)
        check(LIBC.syscall(442, -100, path, flags, packed, len(packed)), "mount_setattr")


def confine(path, writable, uid, gid):
    unit = read_unit(path)
    assert value_of(unit, "ProtectSystem") == "strict" and value_of(unit, "CapabilityBoundingSet") == ""
    code = program(unit)
    hide_files(writable)
    resource.setrlimit(resource.RLIMIT_CORE, (int(value_of(unit, "LimitCORE")),) * 2)
    os.umask(int(value_of(unit, "UMask"), 8))
    for capability in range(64):
        LIBC.prctl(CAPBSET_DROP, capability, 0, 0, 0)  # past the last one it fails
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if value_of(unit, "MemoryDenyWriteExecute") == "yes":
        LIBC.prctl(SET_MDWE, 1, 0, 0, 0)  # Linux 6.3
    check(LIBC.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    steps = b"".join(struct.pack("=HBBI", *step) for step in code)
    held = ctypes.create_string_buffer(steps)
    check(LIBC.prctl(SET_SECCOMP, 2, struct.pack("@HP", len(code), ctypes.addressof(held)), 0, 0), "seccomp")


def main():
    unit, writable, uid, gid, *command = sys.argv[1:]
    confine(unit, writable, int(uid), int(gid))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
