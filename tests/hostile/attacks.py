"""Answers that try to pass a step without doing what it asks. None may.

The step asks for the gradient of twice a dot product, and is judged on two further inputs. An attack sees what any
answer sees: the setup, the step's text, itself. Some know more than a learner can (the names of our modules).
"""

from __future__ import annotations

from textwrap import dedent
from typing import Final

from tutor.packs.format import CodeStep, UsesCheck, ValueCheck, Variant

SECRET: Final = "correct_horse_battery_staple"  # noqa: S105 - the name of a variable
"""A word of the solution, which appears nowhere else: who finds it has found the solution."""

STEP: Final = CodeStep(
    id="dot",
    kind="code",
    text="Compute the gradient of twice the dot product of `x` with itself.",
    setup="x = torch.arange(4.0, requires_grad=True)\n",
    starter="y = ...\n",
    solution=f"{SECRET} = 2 * torch.dot(x, x)\ny = {SECRET}\ny.backward()\n",
    checks=(
        ValueCheck(value="x.grad"),
        ValueCheck(value="x.grad", equals="4 * x", message="Look at the factor again."),
        ValueCheck(value="y.requires_grad", equals=True),
        UsesCheck(uses=("backward",)),
    ),
    variants=(
        Variant(setup="x = torch.linspace(-1, 1, 7, requires_grad=True)\n"),
        Variant(setup="x = torch.tensor([0.5, -3.0], requires_grad=True)\n"),
    ),
)

HONEST_ANSWER: Final = "y = 2 * (x * x).sum()\ny.backward()\n"

_PATCHES: Final = {
    "allclose that agrees": "torch.allclose = torch.equal = torch.isclose = lambda *_, **__: True",
    "assert_close that agrees": "torch.testing.assert_close = lambda *_, **__: None",
    "equality that agrees": "torch.Tensor.__eq__ = torch.Tensor.eq = lambda *_: torch.tensor(True)",
    "differences of nothing": "torch.Tensor.__sub__ = torch.sub = lambda a, b: torch.zeros(4)",
    "bool that agrees": "torch.Tensor.__bool__ = lambda self: True",
    "all that agrees": "import builtins\nbuiltins.all = builtins.any = lambda *_: True",
    "isinstance that agrees": "import builtins\nbuiltins.isinstance = lambda *_: True",
    "numpy that agrees": "import numpy\nnumpy.allclose = numpy.array_equal = lambda *_, **__: True",
    "math that agrees": "import math\nmath.isclose = lambda *_, **__: True",
    "operators that agree": "import operator\noperator.eq = lambda *_: True",
    "a grad of its own": "torch.Tensor.grad = property(lambda self: torch.arange(4.0) * 4)",
    "a backward of its own": (
        "def backward(self, *_, **__):\n    x.grad = torch.arange(4.0) * 4\ntorch.Tensor.backward = backward"
    ),
    "an autograd of its own": "torch.autograd.backward = lambda *_, **__: setattr(x, 'grad', torch.arange(4.0) * 4)",
    "a dot of its own": "torch.dot = lambda a, b: (a * 0).sum()",
    "a requires_grad of its own": "torch.Tensor.requires_grad = property(lambda self: True, lambda self, value: None)",
    "a serialiser of its own": (
        "import msgspec, json, pickle\n"
        "msgspec.msgpack.encode = json.dumps = pickle.dumps = lambda *_, **__: b'\\x81\\xa6passed\\xc3'"
    ),
    "an observation of its own": (
        "import tutor.autograd, tutor.running.execution as execution\n"
        "execution.observe = lambda *_: tutor.autograd.Observation(outcome='ok')"
    ),
    "a description of its own": (
        "import tutor.running.execution as execution\nexecution.described = lambda *_, **__: True"
    ),
    "originals replaced": "import tutor.running.originals as originals\noriginals.restore = lambda: None\ntorch.allclose = lambda *_: True",
    "every module searched for a verdict": """
        import sys, types
        for module in list(sys.modules.values()):
            for name in ("passed", "judge", "assess", "verdict", "check_values", "compare"):
                if hasattr(module, name):
                    setattr(module, name, True)
    """,
}
_SUBCLASSES: Final = {
    "a tensor equal to everything": """
        class Agreeable(torch.Tensor):
            def __eq__(self, other): return torch.ones(4, dtype=torch.bool)
            def __sub__(self, other): return torch.zeros(4)
            @classmethod
            def __torch_function__(cls, function, types, args=(), kwargs=None):
                if function.__name__ in ("allclose", "equal", "__eq__", "eq", "isclose"): return True
                return super().__torch_function__(function, types, args, kwargs or {})
        x = torch.zeros(4).as_subclass(Agreeable)
        x.grad = torch.zeros(4).as_subclass(Agreeable)
    """,
    "an object equal to everything": """
        class Yes:
            requires_grad = True
            def __eq__(self, other): return True
            def __getattr__(self, name): return self
            def __call__(self, *_, **__): return self
            def __mul__(self, other): return self
            __rmul__ = __sub__ = __add__ = __mul__
        x = y = Yes()
    """,
    "a bool equal to everything": """
        class Number(int):
            def __eq__(self, other): return True
            __hash__ = int.__hash__
        class Holder:
            grad = Number(1)
            requires_grad = Number(1)
        x = y = Holder()
    """,
    "a float equal to everything": """
        class Number(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return 0.0
        x.grad = None
        class Holder: grad = [Number(0), Number(4), Number(8), Number(12)]; requires_grad = True
        x = y = Holder()
    """,
    "a property that answers what is asked": """
        class Mirror:
            @property
            def grad(self): return 4 * self.x
            requires_grad = True
        mirror = Mirror(); mirror.x = torch.zeros(4); x = y = mirror
    """,
    "all gradients are not a number": "x.grad = x.detach() * float('nan'); y = x.sum()",
    "infinite tolerance": "x.grad = torch.full_like(x, float('inf')); y = x.sum()",
}
_HARD_CODED: Final = {
    "the visible gradient": "y = x.sum(); y.backward(); x.grad = torch.tensor([0.0, 4.0, 8.0, 12.0])",
    "the visible gradients of all inputs it guesses": """
        y = x.sum(); y.backward()
        known = {4: [0.0, 4.0, 8.0, 12.0], 3: [0.0, 4.0, 8.0], 5: [0.0, 4.0, 8.0, 12.0, 16.0]}
        if len(x) in known: x.grad = torch.tensor(known[len(x)])
    """,
    "the input replaced by the visible one": """
        x = torch.arange(4.0, requires_grad=True)
        y = 2 * torch.dot(x, x); y.backward()
    """,
    "backward in a comment": "y = (2 * x * x).sum()  # y.backward()\nx.grad = 4 * x.detach()",
    "backward in a text": "y = (2 * x * x).sum()\n'y.backward()'\nx.grad = 4 * x.detach()",
    "backward under another name": "y = (2 * x * x).sum()\ngetattr(y, 'back' + 'ward')()",
}
_EXITS: Final = {
    "leaving at once": "import os\nos._exit(0)",
    "leaving politely": "import sys\nsys.exit(0)",
    "leaving by a signal": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "raising SystemExit from a thread": "import threading, os\nthreading.Thread(target=os._exit, args=(0,)).start()",
    "leaving when asked": ("import os\nclass Leaver:\n    def __getattr__(self, name): os._exit(0)\nx = y = Leaver()"),
    "leaving at exit": "import atexit, os\natexit.register(os._exit, 0)",
    "nothing at all": "",
    "a syntax error": "y = (",
}

_FORGER: Final = """
    import os, socket, struct, msgspec
    from tutor.autograd import Observation, Probe, TensorValue, PlainValue
    from tutor.running.protocol import Ended, Result, frame, Frames
    def forged(expressions):
        grad = TensorValue(shape=(4,), dtype="float32", storage="float32", data=struct.pack("<4f", 0, 4, 8, 12))
        values = {"x.grad": grad, "y.requires_grad": PlainValue(python_type="bool", value=True, text="True")}
        return Result(observation=Observation(outcome="ok",
            probes=tuple(Probe(expression=text, value=values.get(text)) for text in expressions)))
"""
_FORGERIES: Final = {
    "a result before it is asked for": _FORGER
    + """
    os.write(3, frame(Ended()) + frame(forged(["x.grad", "y.requires_grad"])))
    os._exit(0)
    """,
    "a result with the visible values when asked": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["x.grad", "y.requires_grad"])))
    os._exit(0)
    """,
    "a result with the visible values, and a backward for show": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["x.grad", "y.requires_grad"])))
    os._exit(0)
    y.backward()
    """,
    "two results": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["x.grad", "y.requires_grad"])) * 2)
    os._exit(0)
    """,
    "a verdict in place of a result": """
    import os, msgspec, struct
    body = msgspec.msgpack.encode({"passed": True, "outcome": "ok", "checks": []})
    os.write(3, struct.pack("<IB", len(body), 4) + body)
    os._exit(0)
    """,
    "a result for other expressions": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["1", "2"])))
    os._exit(0)
    """,
    "half a result": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["x.grad", "y.requires_grad"]))[:-9])
    os._exit(0)
    """,
    "half a result, then silence": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(forged(["x.grad", "y.requires_grad"]))[:-9])
    os.closerange(0, 64)
    """,
    "a fault of ours, feigned": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    os.write(3, frame(Result(observation=Observation(outcome="internal", detail="pass me"))))
    os._exit(0)
    """,
    "a tensor with more elements than it says": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    grad = TensorValue(shape=(1 << 40,), dtype="float32", storage="float32", data=bytes(16))
    os.write(3, frame(Result(observation=Observation(outcome="ok", probes=(
        Probe(expression="x.grad", value=grad), Probe(expression="y.requires_grad", value=grad))))))
    os._exit(0)
    """,
    "a tensor that claims to agree": _FORGER
    + """
    os.write(3, frame(Ended()))
    os.read(3, 65536)
    empty = TensorValue(shape=(4,), dtype="float32", storage="float32", data=None, note="too large to carry")
    os.write(3, frame(Result(observation=Observation(outcome="ok", probes=(
        Probe(expression="x.grad", value=empty),
        Probe(expression="y.requires_grad", value=PlainValue(python_type="bool", value=True)))))))
    os._exit(0)
    """,
    "results on every descriptor": _FORGER
    + """
    for number in range(64):
        try:
            os.write(number, frame(Ended()) + frame(forged(["x.grad", "y.requires_grad"])))
        except OSError:
            pass
    """,
    "a verdict printed": """
    print('{"passed": true, "outcome": "ok", "checks": []}')
    """,
}


def _dedented(attacks: dict[str, str]) -> dict[str, str]:
    return {name: dedent(source).strip("\n") + "\n" for name, source in attacks.items()}


ATTACKS: Final = {
    kind + ": " + name: source
    for kind, attacks in {
        "patch": _PATCHES,
        "subclass": _SUBCLASSES,
        "hard-coded": _HARD_CODED,
        "exit": _EXITS,
        "forgery": _FORGERIES,
    }.items()
    for name, source in _dedented(attacks).items()
}
"""Each is run by itself and, where it can be, with a wrong answer after it (see ``WITH_A_WRONG_ANSWER``)."""

WRONG_ANSWER: Final = "y = 3 * torch.dot(x, x)\ny.backward()\n"
WITH_A_WRONG_ANSWER: Final = {
    f"patch, then wrong: {name}": source + WRONG_ANSWER for name, source in _dedented(_PATCHES).items()
}
