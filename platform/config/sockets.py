"""The one listening socket of a site: bound once, before anything is started, so that a taken port is said at once."""

import errno
import socket


class PortTaken(Exception):
    """Somebody else listens there already, or we may not."""


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket bound to `host` and `port` (0: any free one). Child processes may inherit it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        why = "another program listens there already" if error.errno == errno.EADDRINUSE else error.strerror
        raise PortTaken(f"Cannot listen on {host}:{port}: {why}. Choose another port with --port.") from error
    bound.listen(2048)
    bound.set_inheritable(True)
    return bound
