"""What operations are called, and which of their plain arguments are worth keeping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch

from tutor.running.recording.tensors import is_tensor

_PLAIN = (bool, int, float, str, type(None), torch.dtype)
_NESTED = 5
_LONGEST = 1_000
_TEXT = 120

# Reading these tells nothing about gradients; recording them would drown what does.
UNREMARKABLE = frozenset(
    {
        "shape.__get__", "size", "dim", "ndim.__get__", "numel", "nelement", "dtype.__get__", "device.__get__",
        "is_leaf.__get__", "grad_fn.__get__", "requires_grad.__get__", "layout.__get__", "is_floating_point",
        "is_complex", "__len__", "__repr__", "__format__", "__hash__", "stride", "is_contiguous", "storage_offset",
        "element_size", "data_ptr", "_version.__get__", "__dir__", "is_sparse.__get__", "is_cuda.__get__",
        "names.__get__", "is_quantized.__get__", "output_nr.__get__", "_base.__get__", "name.__get__",
        "retains_grad.__get__", "volatile.__get__", "_backward_hooks.__get__", "is_inference", "is_same_size",
        "__torch_dispatch__", "_is_view", "is_meta.__get__", "itemsize.__get__", "nbytes.__get__", "type",
        "_record_function_enter_new", "_record_function_exit._RecordFunction", "is_mkldnn.__get__",
    }
)  # fmt: skip

# What decides about gradients: kept from the middle of a long run too.
DECISIVE = frozenset(
    {
        "grad_mode", "inference_mode", "detach", "detach_", "data.__get__", "data.__set__", "requires_grad_",
        "requires_grad.__set__", "item", "__float__", "__int__", "tolist", "numpy", "__array__", "tensor", "backward",
        "autograd.backward", "autograd.grad", "unknown-attribute", "optimizer.step", "optimizer.zero_grad",
        "grad.__set__", "retain_grad",
    }
)  # fmt: skip

_EXTRACTIONS = frozenset({"item", "__float__", "__int__", "__bool__", "tolist", "__index__", "__complex__"})
_names: dict[Any, str] = {}


def name_of(function: Any) -> str:
    """``mul``, ``grad.__get__``, ``autograd.grad``."""
    try:
        return _names[function]
    except KeyError:
        name = _names[function] = _find_name(function)
        return name
    except TypeError:
        return _find_name(function)


def _find_name(function: Any) -> str:
    if function is torch.autograd.grad:
        return "autograd.grad"
    if function is torch.autograd.backward:
        return "autograd.backward"
    name: str = getattr(function, "__name__", type(function).__name__)
    if name in {"__get__", "__set__", "__delete__"}:
        return f"{getattr(function.__self__, '__name__', '?')}.{name}"
    return name


def tensors_in(value: Any, depth: int = _NESTED) -> Iterator[Any]:
    """The tensors among arguments or results, also within lists, tuples and dicts."""
    if is_tensor(value):
        yield value
    elif depth and isinstance(value, (tuple, list)):
        for part in value[:_LONGEST]:
            yield from tensors_in(part, depth - 1)
    elif depth and isinstance(value, dict):
        for part in islice(value.values(), _LONGEST):
            yield from tensors_in(part, depth - 1)


def plain_arguments(
    name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], result: Any
) -> tuple[tuple[str, str], ...]:
    """Keyword arguments that are plain values, and what a few operations say by position or by result."""
    kept = [(key, _text(value)) for key, value in kwargs.items() if isinstance(value, _PLAIN)]
    if name in _EXTRACTIONS:
        kept.append(("value", _text(result)))
    elif name in {"requires_grad_", "requires_grad.__set__", "retain_grad"}:
        given = args[1] if len(args) > 1 else kwargs.get("requires_grad", True)
        kept.append(("on", _text(given)))
    elif name == "grad.__set__":
        kept.append(("type", type(args[1]).__name__))
    elif name == "grad.__get__":
        kept.append(("type", type(result).__name__))
    elif name in {"backward", "autograd.backward", "autograd.grad"}:
        kept.extend((str(index), _text(value)) for index, value in enumerate(args) if isinstance(value, _PLAIN))
    elif name in {"to", "type", "clamp", "argmax", "sum", "mean", "max", "min", "softmax"}:
        kept.extend((str(index), _text(value)) for index, value in enumerate(args[1:]) if isinstance(value, _PLAIN))
    return tuple(kept)


def _text(value: Any) -> str:
    return repr(value)[:_TEXT]
