"""Runs programs in processes of their own. Importing this never imports torch."""

from tutor.running.runner import Method, Runner, usual_method

__all__ = ["Method", "Runner", "usual_method"]
