"""Proves a pack by running it."""
