"""Walls of the kernel around the process that runs a student's code: Landlock and seccomp.

Landlock limits the files that the process may use, seccomp the calls that it may make to the
kernel. Both hold until the process ends, for Python and machine code alike, and code inside cannot
remove them. Linux has Landlock since 5.13; other systems have no such walls.

Source: kernel documentation, userspace-api/landlock and userspace-api/seccomp_filter.
"""

# Strings in place of Path: this runs in the process of a student's code.
# ruff: noqa: PTH112
from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITE_FILE, READ_FILE, READ_DIR = 1 << 1, 1 << 2, 1 << 3
KINDS_OF_ACCESS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Number of kinds of access to files that each version of Landlock knows; 16 from 5 on."""
END_WITH_PARENT, DROP_FROM_BOUND, NO_NEW_PRIVILEGES = 1, 24, 38
CAPSET, CAPABILITIES_3 = (126, 91), 0x20080522

REFUSED = """
    _sysctl 156 -; acct 163 89; add_key 248 217; adjtimex 159 171; bpf 321 280; capset 126 91;
    chmod 90 -; chown 92 -; chroot 161 51; clock_adjtime 305 266; clock_settime 227 112;
    create_module 174 -; delete_module 176 106; execve 59 221; execveat 322 281;
    fanotify_init 300 262; fchmod 91 52; fchmodat 268 53; fchmodat2 452 452; fchown 93 55;
    fchownat 260 54; file_setattr 469 469; finit_module 313 273; fork 57 -; fremovexattr 199 16;
    fsconfig 431 431; fsetxattr 190 7; fsmount 432 432; fsopen 430 430; fspick 433 433;
    futimesat 261 -; init_module 175 105; io_setup 206 0; io_uring_setup 425 425; ioperm 173 -;
    iopl 172 -; ioprio_set 251 30; kcmp 312 272; kexec_file_load 320 294; kexec_load 246 104;
    keyctl 250 219; lchown 94 -; lookup_dcookie 212 18; lremovexattr 198 15; lsetxattr 189 6;
    memfd_create 319 279; memfd_secret 447 447; migrate_pages 256 238; mknod 133 -; mknodat 259 33;
    modify_ldt 154 -; mount 165 40; mount_setattr 442 442; move_mount 429 429; move_pages 279 239;
    mq_open 240 180; mq_unlink 241 181; msgctl 71 187; msgget 68 186; msgrcv 70 188; msgsnd 69 189;
    name_to_handle_at 303 264; nfsservctl 180 42; open_by_handle_at 304 265; open_tree 428 428;
    open_tree_attr 467 467; perf_event_open 298 241; personality 135 92; pidfd_getfd 438 438;
    pidfd_open 434 434; pidfd_send_signal 424 424; pivot_root 155 41; process_madvise 440 440;
    process_mrelease 448 448; process_vm_readv 310 270; process_vm_writev 311 271; ptrace 101 117;
    quotactl 179 60; quotactl_fd 443 443; reboot 169 142; removexattr 197 14;
    removexattrat 466 466; request_key 249 218; rt_sigqueueinfo 129 138; rt_tgsigqueueinfo 297 240;
    sched_setaffinity 203 122; sched_setattr 314 274; sched_setparam 142 118;
    sched_setscheduler 144 119; semctl 66 191; semget 64 190; semop 65 193; semtimedop 220 192;
    setdomainname 171 162; setfsgid 123 152; setfsuid 122 151; setgid 106 144; setgroups 116 159;
    sethostname 170 161; setns 308 268; setpgid 109 154; setpriority 141 140; setregid 114 143;
    setresgid 119 149; setresuid 117 147; setreuid 113 145; setsid 112 157; settimeofday 164 170;
    setuid 105 146; setxattr 188 5; setxattrat 463 463; shmat 30 196; shmctl 31 195; shmget 29 194;
    socket 41 198; swapoff 168 225; swapon 167 224; syslog 103 116; tkill 200 130; truncate 76 45;
    umount2 166 39; unshare 272 97; uselib 134 -; userfaultfd 323 282; utime 132 -;
    utimensat 280 88; utimes 235 -; vfork 58 -; vhangup 153 58
"""
"""Calls that are refused, with their numbers on x86_64 and aarch64; -: does not exist."""
ON_ITSELF = {"kill": (62, 129), "tgkill": (234, 131), "prlimit64": (302, 261)}
"""Calls whose first argument must be this process."""
CLONE, CLONE3, SECCOMP = (56, 220), (435, 435), (317, 277)
THREAD = 0x10000
"""The flag of `clone` that makes a thread rather than a process."""
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column in the tables above, and the number that the kernel gives to the machine."""
LOAD, EQUAL, AT_LEAST, HAS_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
CALL_NUMBER, MACHINE, FIRST_ARGUMENT = 0, 4, 16


def has_walls() -> bool:
    """Whether this kind of system can have walls: Linux on two kinds of processors."""
    return sys.platform == "linux" and platform.machine() in MACHINES


def raise_walls(readable: Iterable[str], listed: Iterable[str] = ()) -> dict[str, bool]:
    """Confine this process as far as the system can.

    Args:
        readable: files and folders that may be read; no other file, and none may be written.
        listed: folders whose file names may be listed.

    Returns:
        Whether the limits on files and those on calls hold.
    """
    if not has_walls():
        return {"files": False, "calls": False}
    libc = ctypes.CDLL(None, use_errno=True)
    drop_capabilities(libc)
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return {"files": False, "calls": False}
    files = landlock_version() > 0 and bound_files(libc, readable, listed)
    return {"files": files, "calls": bound_calls(libc)}


def end_with_parent() -> None:
    """Let the kernel end this process when the one that started it ends; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up the privileges of root, and every way to get them back."""
    for capability in range(64):
        libc.prctl(DROP_FROM_BOUND, capability, 0, 0, 0)
    this_process, none = struct.pack("<Ii", CAPABILITIES_3, 0), bytes(24)
    libc.syscall(CAPSET[MACHINES[platform.machine()][0]], this_process, none)


def landlock_version() -> int:
    """Version of Landlock that this system offers; 0: none."""
    if not has_walls():
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)))


def bound_files(libc: ctypes.CDLL, readable: Iterable[str], listed: Iterable[str]) -> bool:
    """Allow this process to read some files only: no writing, network, or signals to others."""
    version = landlock_version()
    files = (1 << KINDS_OF_ACCESS.get(version, 16)) - 1
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    attributes = struct.pack("<QQQ", files, network, scopes)
    rules = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    for path in readable:
        access = READ_FILE | (READ_DIR if os.path.isdir(path) else 0)
        allow(libc, rules, path, access)
    for path in listed:
        allow(libc, rules, path, READ_DIR)
    allow(libc, rules, os.devnull, READ_FILE | WRITE_FILE)
    done = libc.syscall(RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return done


def allow(libc: ctypes.CDLL, rules: int, path: str, access: int) -> None:
    """Add a rule for a file, or for a folder and all below it; missing paths are ignored."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    libc.syscall(ADD_RULE, rules, 1, struct.pack("<Qi", access, place), 0)
    os.close(place)


def bound_calls(libc: ctypes.CDLL) -> bool:
    """Refuse calls that start programs, reach other processes, or leave something behind."""
    column, _ = MACHINES[platform.machine()]
    code = b"".join(filter_lines())
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    every_thread = 1
    return bool(libc.syscall(SECCOMP[column], 1, every_thread, program) == 0)


def filter_lines() -> list[bytes]:
    """The filter as a program for the kernel's packet filter, eight bytes per line."""
    column, machine = MACHINES[platform.machine()]
    lines = [
        line(LOAD, MACHINE),
        line(EQUAL, machine, 1, 0),
        line(ANSWER, REFUSE | errno.EPERM),
        line(LOAD, CALL_NUMBER),
    ]
    if column == 0:  # the x32 numbers of the same calls
        lines += [line(AT_LEAST, 0x40000000, 0, 1), line(ANSWER, REFUSE | errno.EPERM)]
    for entry in REFUSED.split(";"):
        number = entry.split()[1 + column]
        if number != "-":
            lines += [line(EQUAL, int(number), 0, 1), line(ANSWER, REFUSE | errno.EPERM)]
    # The C library then makes threads with `clone`, whose flags this filter can check.
    lines += [line(EQUAL, CLONE3[column], 0, 1), line(ANSWER, REFUSE | errno.ENOSYS)]
    lines += only_if(CLONE[column], line(HAS_BIT, THREAD, 0, 1))
    itself = [line(EQUAL, process, 0, 1) for process in (os.getpid(), 0)]
    for numbers in ON_ITSELF.values():
        lines += only_if(numbers[column], *itself)
    return [*lines, line(ANSWER, ALLOW)]


def only_if(number: int, *tests: bytes) -> list[bytes]:
    """Allow a call whose first argument passes one of the tests, and refuse it otherwise."""
    body = [line(LOAD, FIRST_ARGUMENT)]
    for test in tests:
        body += [test, line(ANSWER, ALLOW)]
    body.append(line(ANSWER, REFUSE | errno.EPERM))
    return [line(EQUAL, number, 0, len(body)), *body]


def line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One line of the filter: operation, operand, and how many lines to skip."""
    return struct.pack("<HBBI", code, if_true, if_false, value)
