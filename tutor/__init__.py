"""An interactive tutor for PyTorch's autograd, in the terminal."""

__version__ = "0.1.0"
