"""Runs programs in processes of their own."""
