"""Checks over an observation and the reference's: a verdict."""
