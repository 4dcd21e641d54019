"""One tensor as plain data."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import torch
from torch._C import DisableTorchFunction, _DisableTorchDispatch
from torch._C._functorch import is_functorch_wrapped_tensor

from tutor.autograd import TensorSeen, TensorValue
from tutor.running.reading.elements import elements, item_bytes, storage_of, summary
from tutor.running.reading.texts import text

_Base: Final = torch._C.TensorBase
_grad = _Base.grad.__get__
_grad_fn = _Base.grad_fn.__get__
_is_leaf = _Base.is_leaf.__get__
_requires_grad = _Base.requires_grad.__get__
_retains_grad = _Base.retains_grad.__get__
_version = _Base._version.__get__
_shape = _Base.shape.__get__
_dtype = _Base.dtype.__get__
_device = _Base.device.__get__
_layout = _Base.layout.__get__
_is_quantized = _Base.is_quantized.__get__
_is_nested = _Base.is_nested.__get__
_is_inference = _Base.is_inference
_is_view = _Base._is_view
_size = _Base.size
_catch_warnings = warnings.catch_warnings
_ignore_warnings = warnings.simplefilter

CARRIED: Final = 1000
"""Elements up to which a tensor of the namespace is carried whole; larger ones are summarised."""
_UNREADABLE: Final = (RuntimeError, NotImplementedError, TypeError, ValueError, AttributeError, IndexError)


@contextmanager
def undisturbed() -> Iterator[None]:
    """While reading: no learner's ``__torch_function__`` or ``__torch_dispatch__`` is called, nothing warns."""
    with DisableTorchFunction(), _DisableTorchDispatch(), _catch_warnings():
        _ignore_warnings("ignore")
        yield


def is_tensor(value: object) -> bool:
    """Whether it really is one, whatever its class says of itself."""
    return issubclass(type(value), _Base)


def seen(name: str, tensor: Any, most_bytes: int | None = None) -> TensorSeen:
    """All that is told of a tensor. Call it inside :func:`undisturbed`."""
    leaf, retains = bool(_is_leaf(tensor)), bool(_retains_grad(tensor))
    node = _grad_fn(tensor)
    gradient = _grad(tensor)
    inference = bool(_is_inference(tensor))
    return TensorSeen(
        name=name,
        value=tensor_value(tensor, most_bytes),
        is_leaf=leaf,
        grad_fn=None if node is None else text(node.name().rsplit("::", 1)[-1], 200),
        version=None if inference else int(_version(tensor)),
        grad=None if gradient is None else tensor_value(gradient, most_bytes),
        retains_grad=retains,
        is_view=bool(_is_view(tensor)),
        is_inference=inference,
    )


def tensor_value(tensor: Any, most_bytes: int | None = None) -> TensorValue:
    """The elements too, if they take at most ``most_bytes``; left out, if there are at most ``CARRIED`` of them."""
    note = _unreadable(tensor)
    shape = _shape_of(tensor)
    dtype = _dtype(tensor)
    count = math.prod(shape)
    whole = count <= CARRIED if most_bytes is None else count * item_bytes(dtype) <= most_bytes
    data, digest = None, None
    if not note:
        try:
            data = elements(tensor) if whole else None
            digest = None if whole else summary(tensor)
        except MemoryError:
            raise
        except _UNREADABLE as problem:
            note = text(str(problem).split("\n", 1)[0], 200) or "cannot be read"
    return TensorValue(
        shape=shape,
        dtype=str(dtype).removeprefix("torch."),
        device=str(_device(tensor)),
        requires_grad=bool(_requires_grad(tensor)),
        storage=storage_of(dtype),
        data=data,
        summary=digest,
        note=note,
        python_type=text(type(tensor).__name__, 100),
    )


def _shape_of(tensor: Any) -> tuple[int, ...]:
    if _is_nested(tensor):
        return (int(_size(tensor, 0)),)
    return tuple(int(size) for size in _shape(tensor))


def _unreadable(tensor: Any) -> str:
    """Why there are no elements to read; empty when there are."""
    if is_functorch_wrapped_tensor(tensor):
        return "inside torch.func"
    if _is_nested(tensor):
        return "nested"
    if _device(tensor).type == "meta":
        return "meta"
    if _is_quantized(tensor):
        return "quantised"
    if _layout(tensor) is not torch.strided:
        return "sparse" if "sparse" in str(_layout(tensor)) else str(_layout(tensor)).removeprefix("torch.")
    return ""
