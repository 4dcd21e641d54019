"""Where the server's process begins. Started as a program, imported by nobody.

Whatever goes wrong before there is a server, the client hears of: so torch is not imported before that is possible.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from tutor.running import control


def main() -> NoReturn:
    """Argument: the descriptor of the line to the client."""
    line = socket.socket(fileno=int(sys.argv[1]))
    line.set_inheritable(False)
    code = 0
    try:
        from tutor.running.serving import serve  # noqa: PLC0415 -- imports torch

        serve(line)
    except BaseException:  # noqa: BLE001 -- the client shall know
        code = 1
        with suppress(OSError):
            line.setblocking(True)
            line.send(control.packed(control.Failed(traceback.format_exc()[-4000:])))
    os._exit(code)
