"""The recorder: runs in the child, beside the program, and reads torch."""

from tutor.running.recording.recorder import Recorder

__all__ = ["Recorder"]
