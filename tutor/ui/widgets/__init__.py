"""The parts of a screen. Each shows one piece of data and speaks by messages."""
