"""The connections of this process, which gRPC does not give away.

Owns how they are found and cut. A TCP connection is reset: the peer sees ECONNRESET, and no status of gRPC. One over
a Unix socket, which knows no reset, just ends.
"""
import ctypes
import os
import socket
import stat

_libc = ctypes.CDLL(None, use_errno=True)
# A struct sockaddr of family AF_UNSPEC: connecting to it resets a TCP connection.
_NOWHERE = ctypes.create_string_buffer(16)


def _own(is_ours):
    """The connected sockets whose own address is ours, each as a duplicate to be closed."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            # Closed meanwhile.
            continue
        with found:
            try:
                found.getpeername()
            except OSError:
                continue
            if is_ours(found):
                yield found


def cut(ports, path):
    """Cuts all connections to these ports and to the Unix socket at this path; how many."""
    def is_ours(found):
        if found.family == socket.AF_UNIX:
            return bool(path) and found.getsockname() == path
        return found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] in ports

    count = 0
    for found in _own(is_ours):
        if found.family == socket.AF_UNIX:
            found.shutdown(socket.SHUT_RDWR)
        elif _libc.connect(found.fileno(), _NOWHERE, len(_NOWHERE)):
            raise OSError(ctypes.get_errno(), "a connection cannot be reset")
        count += 1
    return count
