"""Lesson packs: the format as types, loading with a place for every problem, finding packs."""
