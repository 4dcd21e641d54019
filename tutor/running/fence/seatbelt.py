"""macOS: a Seatbelt profile, applied by the process to itself.

Apple calls ``sandbox_init`` deprecated and documents no successor for command-line programs; browsers rely on it
still. Where it is gone, the wall is missing from the report.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterable

from tutor.running.fence import reach

_ALWAYS_READABLE = (
    "/usr/lib",
    "/System/Library",
    "/Library/Frameworks",
    "/private/var/db/dyld",
    "/private/var/db/timezone",
    "/usr/share/zoneinfo",
    "/dev/urandom",
    "/dev/random",
    "/dev/null",
)


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def profile(scratch: str, readable: Iterable[str], private: Iterable[str]) -> str:
    """The profile's text: everything is denied but reading the installation and writing in ``scratch``.

    Later rules win, so what is private is denied after its surroundings were allowed.
    """
    reading = "\n".join(f"  (subpath {_quoted(path)})" for path in sorted({*readable, *_ALWAYS_READABLE}))
    hidden = "\n".join(f"(deny file-read-data (subpath {_quoted(path)}))" for path in sorted(private))
    return f"""(version 1)
(deny default)
(deny network*)
(deny process-fork)
(deny process-exec*)
(allow signal (target self))
(allow sysctl-read)
(allow mach-lookup (global-name "com.apple.system.notification_center"))
(allow file-read-metadata)
(allow file-read*
{reading})
{hidden}
(allow file-read* file-write* (subpath {_quoted(scratch)}))
(allow file-write-data (literal "/dev/null"))
"""


def apply(scratch: str) -> None:
    """Put this process behind the profile. Raises OSError where macOS refuses, or no longer offers it."""
    library = ctypes.util.find_library("sandbox") or "/usr/lib/libsandbox.dylib"
    sandbox_init = ctypes.CDLL(library).sandbox_init
    sandbox_init.argtypes = (ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p))
    message = ctypes.c_char_p()
    text = profile(os.path.realpath(scratch), reach.readable_roots(), reach.private_folders())
    if sandbox_init(text.encode(), 0, ctypes.byref(message)) != 0:
        raise OSError((message.value or b"the sandbox was refused").decode(errors="replace"))
