"""tests/e2e/alerts/freeze.py - one thread of a process stops, the others go on: ptrace, as a debugger that holds it.

with frozen(pid): ...      # its first thread; any other by its id
"""
import contextlib
import ctypes
import os
import pathlib

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {thread}")


@contextlib.contextmanager
def frozen(thread):
    """The caller's thread holds it, and must be the one that lets it go."""
    _ptrace(_SEIZE, thread)
    _ptrace(_INTERRUPT, thread)
    os.waitpid(thread, _WALL)
    try:
        yield
    finally:
        _ptrace(_DETACH, thread)


def threads(pid):
    """Their ids, in the order of their start."""
    return sorted(int(thread.name) for thread in pathlib.Path(f"/proc/{pid}/task").iterdir())


def thread_of(pid, name):
    """The first thread whose name begins so."""
    found = [thread for thread in threads(pid) if pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_text(encoding="utf-8").startswith(name)]
    assert found, f"process {pid} has no thread {name}"
    return found[0]
