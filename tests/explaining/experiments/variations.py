"""Programs that go wrong without a word, of many structures. The line at fault ends in ``# <-``.

Each entry: kind, what is watched, program, what is replaced to mend it, facts that its words must state.
"""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Variation:
    name: str
    kind: str
    watch: str
    code: str
    mended: tuple[tuple[str, str], ...]
    facts: tuple[str, ...] = ()
    often: bool = False
    """Whether it runs in every suite; the others with ``--run-all-variations``."""

    @property
    def fixed(self) -> str:
        text = self.code
        for old, new in self.mended:
            assert old in text, (self.name, old)
            text = text.replace(old, new, 1)
        return text

    @property
    def line(self) -> int:
        return next(number for number, line in enumerate(self.code.splitlines(), 1) if line.endswith("# <-"))


def _v(
    name: str,
    kind: str,
    watch: str,
    code: str,
    *mended: tuple[str, str],
    facts: tuple[str, ...] = (),
    often: bool = False,
) -> Variation:
    return Variation(name, kind, watch, dedent(code).lstrip("\n"), mended, facts, often)


VARIATIONS = (
    _v("accumulate-three-passes", "accumulated-gradient", "probe.grad", """
        import torch
        probe = torch.tensor([1.0, -2.0, 4.0], requires_grad=True)
        (probe ** 2).sum().backward()
        probe.grad.zero_()
        one = probe.exp().sum()
        one.backward()  # <-
        two = (5 * probe).sum()
        two.backward()
        """, ("two = (5", "probe.grad = None\ntwo = (5")),
    _v("accumulate-in-epochs", "accumulated-gradient", "w", """
        import torch
        points = torch.tensor([1.0, 2.0, 3.0])
        w = torch.tensor(0.0, requires_grad=True)
        for epoch in range(3):
            loss = ((w - points) ** 2).mean()
            loss.backward()  # <-
            with torch.no_grad():
                w -= 0.1 * w.grad
        """, ("    loss.backward()", "    w.grad = None\n    loss.backward()"),
        facts=(r"accumulat|add", r"line 6", r"zero_|None"), often=True),
    _v("accumulate-module", "accumulated-gradient", "model.weight.grad", """
        import torch
        torch.manual_seed(1)
        model = torch.nn.Linear(2, 1)
        batch = torch.ones(3, 2)
        model(batch).sum().backward()  # <-
        (model(batch) ** 2).mean().backward()
        """, ("(model(batch) ** 2)", "model.zero_grad()\n(model(batch) ** 2)"), facts=(r"model\.weight\.grad", r"line 5")),
    _v("accumulate-class", "accumulated-gradient", "fit.theta", """
        import torch

        class Fit:
            def __init__(self):
                self.theta = torch.tensor([1.0, 1.0], requires_grad=True)

            def step(self, target):
                cost = ((self.theta - target) ** 2).sum()
                cost.backward()  # <-
                with torch.no_grad():
                    self.theta -= 0.1 * self.theta.grad

        fit = Fit()
        for _ in range(3):
            fit.step(torch.tensor([2.0, 0.0]))
        """, ("        cost.backward()", "        self.theta.grad = None\n        cost.backward()"),
        facts=(r"theta", r"accumulat|add"), often=True),
    _v("unscaled-accumulation-chunks", "accumulation-unscaled", "net.weight.grad", """
        import torch
        torch.manual_seed(0)
        net = torch.nn.Linear(2, 1, bias=False)
        batch, wanted = torch.randn(8, 2), torch.randn(8, 1)
        chunks = 4
        for inputs, targets in zip(batch.chunk(chunks), wanted.chunk(chunks)):
            loss = torch.nn.functional.mse_loss(net(inputs), targets)
            loss.backward()  # <-
        """, ("    loss.backward()", "    (loss / chunks).backward()"), facts=(r"loss", r"line 8", r"divide|scale"), often=True),
    _v("unscaled-accumulation-range", "accumulation-unscaled", "theta.grad", """
        import torch
        theta = torch.tensor([1.0, 2.0], requires_grad=True)
        data = torch.arange(6.0).reshape(3, 2)
        for i in range(3):
            cost = ((theta - data[i]) ** 2).mean()
            cost.backward()  # <-
        """, ("    cost.backward()", "    (cost / 3).backward()")),
    _v("second-derivative-cleared-late", "second-derivative-accumulated", "z.grad", """
        import torch
        z = torch.tensor([1.0, 2.0], requires_grad=True)
        f = (z ** 4).sum()
        f.backward(create_graph=True)  # <-
        slope = z.grad
        slope.sum().backward()
        """, ("slope.sum()", "z.grad = None\nslope.sum()"), facts=(r"z\.grad", r"first|two")),
    _v("mean-method-in-function", "mean-instead-of-sum", "angles.grad", """
        import torch

        def energy(angles, stiffness=3.0):
            return (stiffness * (1 - torch.cos(angles))).mean()  # <-

        angles = torch.linspace(0.1, 1.0, 5, requires_grad=True)
        energy(angles).backward()
        """, (").mean()", ").sum()"), facts=(r"mean", r"sum", r"\b5\b", r"line 4"), often=True),
    _v("mean-loss-module", "mean-instead-of-sum", "guess.grad", """
        import torch
        criterion = torch.nn.MSELoss()  # <-
        guess = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        criterion(guess, torch.zeros(3)).backward()
        """, ("MSELoss()", "MSELoss(reduction='sum')"), facts=(r"mean", r"sum", r"line 2")),
    _v("sum-for-mean-in-loop", "sum-instead-of-mean", "bias.grad", """
        import torch
        bias = torch.zeros(1, requires_grad=True)
        total = 0.0
        for value in torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]):
            total = total + ((value - bias) ** 2).sum()  # <-
        total.backward()
        """, (".sum()", ".mean()"), facts=(r"mean", r"sum", r"\b3\b", r"line 5"), often=True),
    _v("sum-for-mean-functional", "sum-instead-of-mean", "u.grad", """
        import torch
        u = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        score = torch.sum(u ** 3)  # <-
        score.backward()
        """, ("torch.sum", "torch.mean"), facts=(r"\b4\b",)),
    _v("factor-third", "missing-factor", "h.grad", """
        import torch

        def cone(radius, h):
            base = 3.0 * radius ** 2
            return (base * h).sum()  # <-

        h = torch.tensor([1.0, 2.0], requires_grad=True)
        cone(torch.tensor([1.0, 3.0]), h).backward()
        """, ("(base * h)", "(base * h / 3)"), facts=(r"factor", r"base|\bh\b")),
    _v("factor-two-in-backward", "missing-factor", "s.grad", """
        import torch

        class Square(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            def backward(ctx, grad_output):
                (x,) = ctx.saved_tensors
                return grad_output * x  # <-

        s = torch.tensor([1.0, 5.0], requires_grad=True)
        Square.apply(s).sum().backward()
        """, ("return grad_output * x", "return grad_output * 2 * x"), facts=(r"factor|twice|2", r"line 12"), often=True),
    _v("sign-nll", "sign-flipped", "logit.grad", """
        import torch
        logit = torch.tensor([0.3, 1.2], requires_grad=True)
        chance = torch.sigmoid(logit)
        nll = torch.log(chance).sum()  # <-
        nll.backward()
        """, ("nll = torch", "nll = -torch"), facts=(r"sign|minus|negat", r"line 4", r"nll"), often=True),
    _v("sign-ascent", "sign-flipped", "q", """
        import torch
        q = torch.tensor([1.0, -1.0], requires_grad=True)
        (q ** 2).sum().backward()
        with torch.no_grad():
            q += 0.25 * q.grad  # <-
        """, ("q +=", "q -="), facts=(r"sign|opposite", r"line 5")),
    _v("sign-one-term", "sign-flipped", "w.grad", """
        import torch

        def objective(w):
            fit = ((w - 2.0) ** 2).sum()
            penalty = 0.1 * (w ** 2).sum()
            return fit - penalty  # <-

        w = torch.tensor([1.0, 3.0], requires_grad=True)
        objective(w).backward()
        """, ("fit - penalty", "fit + penalty"), facts=(r"sign", r"line 6")),
    _v("transpose-attention", "transposed-gradient", "Q.grad", """
        import torch
        K = torch.tensor([[1.0, 2.0], [0.0, 3.0]])
        Q = torch.tensor([[1.0, 0.0], [2.0, 1.0]], requires_grad=True)
        scores = Q @ K  # <-
        (scores * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        """, ("Q @ K", "Q @ K.T"), facts=(r"K\.T", r"line 4"), often=True),
    _v("transpose-t-method", "transposed-gradient", "b.grad", """
        import torch
        M = torch.tensor([[2.0, 1.0], [0.0, 1.0]])
        b = torch.tensor([[1.0], [2.0]], requires_grad=True)
        (torch.mm(M.t(), b) * torch.tensor([[1.0], [5.0]])).sum().backward()  # <-
        """, ("M.t()", "M"), facts=(r"M", r"transpos", r"line 4")),
    _v("dim-log-softmax", "wrong-dimension", "z.grad", """
        import torch
        import torch.nn.functional as F
        z = torch.tensor([[0.5, 1.0, 2.0], [1.0, 1.0, 0.0], [3.0, 0.0, 1.0]], requires_grad=True)
        chosen = F.log_softmax(z, dim=0)[[0, 1, 2], [2, 0, 1]]  # <-
        (-chosen.mean()).backward()
        """, ("dim=0", "dim=1"), facts=(r"dim ?= ?0", r"dim ?= ?1", r"line 4"), often=True),
    _v("dim-cumsum", "wrong-dimension", "grid.grad", """
        import torch
        grid = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        path = grid.cumsum(1)  # <-
        (path * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
        """, ("cumsum(1)", "cumsum(0)"), facts=(r"dim ?= ?0", r"dim ?= ?1", r"line 3")),
    _v("broadcast-linear", "broadcast-mistake", "model.weight.grad", """
        import torch
        torch.manual_seed(0)
        model = torch.nn.Linear(2, 1)
        x, y = torch.randn(5, 2), torch.randn(5)
        out = model(x)
        cost = ((out - y) ** 2).mean()  # <-
        cost.backward()
        """, ("out - y", "out.squeeze(1) - y"), facts=(r"\bout\b", r"\by\b", r"\(5, 1\)", r"\(5, 5\)", r"squeeze|view"), often=True),
    _v("broadcast-keepdim", "broadcast-mistake", "m.grad", """
        import torch
        m = torch.tensor([[1.0, 2.0], [3.0, 6.0]], requires_grad=True)
        share = m / m.sum(dim=1)  # <-
        (share * torch.tensor([[1.0, 5.0], [0.5, 2.0]])).sum().backward()
        """, ("sum(dim=1)", "sum(dim=1, keepdim=True)"), facts=(r"line 3", r"keepdim|same shape")),
    _v("detach-running", "detached-branch", "a.grad", """
        import torch

        def normalised(a):
            scale = a.norm().detach()  # <-
            return a / scale

        a = torch.tensor([3.0, 4.0], requires_grad=True)
        (normalised(a) * torch.tensor([1.0, 2.0])).sum().backward()
        """, ("a.norm().detach()", "a.norm()"), facts=(r"scale", r"detach", r"constant", r"line 4"), often=True),
    _v("data-attribute", "detached-branch", "x.grad", """
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        gate = torch.sigmoid(x).data  # <-
        (gate * x).sum().backward()
        """, (".data", ""), facts=(r"\.data", r"gate", r"line 3")),
    _v("item-in-loop", "rebuilt-outside-graph", "v.grad", """
        import torch
        v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        total = 0.0
        for i in range(3):
            weight = float(v[i])  # <-
            total = total + weight * v[i]
        total.backward()
        """, ("float(v[i])", "v[i]"), facts=(r"weight", r"float", r"line 5"), often=True),
    _v("numpy-round-trip", "rebuilt-outside-graph", "x.grad", """
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        squares = torch.from_numpy((x ** 2).detach().numpy())  # <-
        (squares * x).sum().backward()
        """, ("torch.from_numpy((x ** 2).detach().numpy())", "x ** 2"), facts=(r"squares", r"line 3")),
    _v("no-grad-in-forward", "tracking-off", "net.a.grad", """
        import torch

        class Gate(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.a = torch.nn.Parameter(torch.tensor([1.0, 2.0]))

            def forward(self, x):
                with torch.no_grad():
                    mask = torch.sigmoid(self.a)  # <-
                return (mask * self.a * x).sum()

        net = Gate()
        net(torch.tensor([1.0, 3.0])).backward()
        """, ("        with torch.no_grad():\n            mask", "        mask"), facts=(r"no_grad", r"mask", r"line (9|10)"), often=True),
    _v("grad-disabled-globally", "tracking-off", "x.grad", """
        import torch
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        torch.set_grad_enabled(False)  # <-
        factor = x * 2
        torch.set_grad_enabled(True)
        (factor * x).sum().backward()
        """, ("torch.set_grad_enabled(False)  # <-\n", ""), facts=(r"set_grad_enabled", r"factor", r"line 3")),
    _v("data-assign-between", "data-edited", "p.grad", """
        import torch
        p = torch.tensor([1.0, 2.0], requires_grad=True)
        loss = (p ** 3).sum()
        p.data = torch.tensor([10.0, 10.0])  # <-
        loss.backward()
        """, ("p.data = torch.tensor([10.0, 10.0])  # <-\nloss.backward()", "loss.backward()\np.data = torch.tensor([10.0, 10.0])"),
        facts=(r"\.data", r"\bp\b", r"line 4")),
    _v("data-clamp-in-step", "data-edited", "gain.grad", """
        import torch

        def train(gain):
            out = (gain * gain).sum()
            gain.data.clamp_(max=1.0)  # <-
            out.backward()

        gain = torch.tensor([0.5, 3.0], requires_grad=True)
        train(gain)
        """, ("    gain.data.clamp_(max=1.0)  # <-\n    out.backward()", "    out.backward()\n    gain.data.clamp_(max=1.0)"),
        facts=(r"\.data", r"gain", r"line 5", r"version|behind", r"after.*backward"), often=True),
    _v("alias-dict", "gradient-aliased", "log['first']", """
        import torch
        r = torch.tensor([1.0, 2.0], requires_grad=True)
        (r * 2).sum().backward()
        log = {'first': r.grad}  # <-
        (r * 3).sum().backward()
        """, ("r.grad}", "r.grad.clone()}"), facts=(r"log", r"clone", r"line 4")),
    _v("alias-detach", "gradient-aliased", "kept", """
        import torch
        r = torch.tensor([1.0, 2.0], requires_grad=True)
        (r ** 2).sum().backward()
        kept = r.grad.detach()  # <-
        r.grad.zero_()
        """, ("r.grad.detach()", "r.grad.detach().clone()"), facts=(r"kept", r"clone", r"line 4", r"line 5"), often=True),
    _v("nan-norm", "nan-gradient", "d.grad", """
        import torch
        d = torch.zeros(3, requires_grad=True)
        far = ((d ** 2).sum()).sqrt()  # <-
        far.backward()
        """, (".sum())", ".sum() + 1e-12)"), facts=(r"sqrt", r"nan|NaN", r"line 3"), often=True),
    _v("nan-division", "nan-gradient", "n.grad", """
        import torch
        n = torch.tensor([0.0, 2.0], requires_grad=True)
        part = n / n  # <-
        part.sum().backward()
        """, ("n / n", "n / (n + 1e-8)"), facts=(r"nan|NaN", r"line 3", r"\bn\b", r"\b0\b")),
    _v("nan-log-inf", "nan-gradient", "p.grad", """
        import torch
        p = torch.tensor([0.0, 0.5], requires_grad=True)
        loss = -torch.log(p).sum()  # <-
        loss.backward()
        """, ("log(p)", "log(p + 1e-8)"), facts=(r"log", r"inf", r"line 3", r"\bp\b")),
    _v("where-divide", "where-nan-trap", "t.grad", """
        import torch
        t = torch.tensor([0.0, 2.0], requires_grad=True)
        safe = torch.where(t != 0, torch.sin(t) / t, torch.ones_like(t))  # <-
        safe.sum().backward()
        """, ("torch.sin(t) / t", "torch.sin(t) / torch.where(t != 0, t, torch.ones_like(t))"),
        facts=(r"torch\.where", r"both", r"line 3"), often=True),
    _v("where-log-function", "where-nan-trap", "x.grad", """
        import torch

        def entropy(x):
            terms = x * torch.log(x)  # <-
            return torch.where(x > 0, terms, torch.zeros_like(x)).sum()

        x = torch.tensor([0.0, 0.5], requires_grad=True)
        entropy(x).backward()
        """, ("torch.log(x)", "torch.log(torch.where(x > 0, x, torch.ones_like(x)))"), facts=(r"torch\.where", r"log")),
    _v("flat-sign", "zero-gradient-operation", "w.grad", """
        import torch
        w = torch.tensor([0.5, -2.0], requires_grad=True)
        binary = torch.sign(w)  # <-
        (binary * torch.tensor([1.0, 3.0])).sum().backward()
        """, ("torch.sign(w)", "w + (torch.sign(w) - w).detach()"), facts=(r"sign", r"zero|0", r"line 3"), often=True),
    _v("flat-ceil-method", "zero-gradient-operation", "size.grad", """
        import torch
        size = torch.tensor([1.2, 3.4], requires_grad=True)
        def pages(size):
            return (size / 2).ceil()  # <-
        pages(size).sum().backward()
        """, (".ceil()", ""), facts=(r"ceil", r"line 4", r"size")),
    _v("kink-amax", "subgradient-at-kink", "m.grad", """
        import torch
        m = torch.tensor([[2.0, 2.0], [1.0, 3.0]], requires_grad=True)
        best = m.amax(dim=1)  # <-
        best.sum().backward()
        """, ("amax(dim=1)", "max(dim=1).values"), facts=(r"tie|equal", r"half|0\.5", r"line 3"), often=True),
    _v("kink-abs", "subgradient-at-kink", "e.grad", """
        import torch
        e = torch.tensor([0.0, -1.0, 2.0], requires_grad=True)
        size = e.abs().sum()  # <-
        size.backward()
        """, ("e.abs()", "torch.where(e >= 0, e, -e)"), facts=(r"kink", r"abs", r"line 3")),
    _v("order-in-loop", "optimizer-order", "w", """
        import torch
        w = torch.tensor([3.0], requires_grad=True)
        sgd = torch.optim.SGD([w], lr=0.1)
        for _ in range(2):
            sgd.zero_grad()
            loss = (w ** 2).sum()
            sgd.step()  # <-
            loss.backward()
        """, ("    sgd.step()  # <-\n    loss.backward()", "    loss.backward()\n    sgd.step()"),
        facts=(r"step.*before", r"line 7", r"line 8"), often=True),
    _v("order-adam-module", "optimizer-order", "net.bias", """
        import torch
        torch.manual_seed(0)
        net = torch.nn.Linear(1, 1)
        adam = torch.optim.Adam(net.parameters(), lr=0.1)
        out = net(torch.ones(2, 1)).sum()
        adam.step()  # <-
        out.backward()
        """, ("adam.step()  # <-\nout.backward()", "out.backward()\nadam.step()"), facts=(r"step", r"line 6", r"None|no gradient")),
    _v("clip-before-in-function", "clip-wrong-place", "v", """
        import torch

        def step(v, opt):
            loss = (v ** 4).sum()
            opt.zero_grad()
            torch.nn.utils.clip_grad_norm_([v], 1.0)  # <-
            loss.backward()
            opt.step()

        v = torch.tensor([3.0], requires_grad=True)
        step(v, torch.optim.SGD([v], lr=0.1))
        """, ("    torch.nn.utils.clip_grad_norm_([v], 1.0)  # <-\n    loss.backward()\n",
              "    loss.backward()\n    torch.nn.utils.clip_grad_norm_([v], 1.0)\n"),
        facts=(r"clip_grad_norm_", r"between|after", r"line 6", r"line 7"), often=True),
    _v("zero-between", "zeroed-wrong-place", "k", """
        import torch
        k = torch.tensor([1.0], requires_grad=True)
        opt = torch.optim.SGD([k], lr=0.5)
        loss = (k * 4).sum()
        loss.backward()
        opt.zero_grad()  # <-
        opt.step()
        """, ("loss.backward()\nopt.zero_grad()  # <-\n", "opt.zero_grad()\nloss.backward()\n"),
        facts=(r"zero_grad", r"line 6", r"before|between"), often=True),
    _v("step-between-losses", "optimizer-step-between-backwards", "s", """
        import torch
        s = torch.tensor([2.0, 2.0], requires_grad=True)
        opt = torch.optim.SGD([s], lr=0.1)
        for _ in range(1):
            opt.zero_grad()
            first = (3 * s).sum()
            second = (s - 1).sum()
            first.backward()
            opt.step()  # <-
            second.backward()
            opt.step()
        """, ("    opt.step()  # <-\n", ""), facts=(r"step", r"between|both", r"line 9"), often=True),
    _v("rebind-loop", "rebind-in-function", "layer.weight", """
        import torch
        torch.manual_seed(0)
        layer = torch.nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
        with torch.no_grad():
            for param in layer.parameters():
                param = param - 0.5 * param.grad  # <-
        """, ("param = param - 0.5", "param -= 0.5"), facts=(r"param", r"line 7", r"name|new tensor", r"-=|in place"), often=True),
    _v("rebind-argument", "rebind-in-function", "c", """
        import torch

        def update(value, lr):
            with torch.no_grad():
                value = value - lr * value.grad  # <-

        c = torch.tensor([2.0], requires_grad=True)
        (c ** 2).sum().backward()
        update(c, 0.25)
        """, ("value = value - lr", "value -= lr"), facts=(r"value", r"line 5", r"local|name")),
    _v("recreated-optimizer", "recreated-in-loop", "w", """
        import torch
        w = torch.tensor([4.0], requires_grad=True)
        for _ in range(3):
            opt = torch.optim.SGD([w], lr=0.1, momentum=0.9)  # <-
            opt.zero_grad()
            (w ** 2).sum().backward()
            opt.step()
        """, ("for _ in range(3):\n    opt = torch.optim.SGD([w], lr=0.1, momentum=0.9)  # <-\n",
              "opt = torch.optim.SGD([w], lr=0.1, momentum=0.9)\nfor _ in range(3):\n"),
        facts=(r"\bopt\b", r"loop", r"line 4"), often=True),
    _v("retained-forward", "retain-graph-bandaid", "slope", """
        import torch
        xs, ys = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])
        slope = torch.tensor(0.0, requires_grad=True)
        prediction = slope * xs
        gap = prediction - ys
        cost = (gap ** 2).sum()  # <-
        for turn in range(5):
            slope.grad = None
            cost.backward(retain_graph=True)
            with torch.no_grad():
                slope -= 0.05 * slope.grad
        """, ("prediction = slope * xs\ngap = prediction - ys\ncost = (gap ** 2).sum()  # <-\nfor turn in range(5):\n",
              "for turn in range(5):\n    prediction = slope * xs\n    gap = prediction - ys\n    cost = (gap ** 2).sum()\n"),
        facts=(r"line 6", r"same gradient|stale", r"inside the loop|into the loop", r"slope"), often=True),
    _v("parens-step", "missing-call-parentheses", "w", """
        import torch
        w = torch.tensor([1.0], requires_grad=True)
        opt = torch.optim.SGD([w], lr=0.1)
        (w ** 2).sum().backward()
        opt.step  # <-
        """, ("opt.step", "opt.step()"), facts=(r"parenthes", r"line 5"), often=True),
    _v("double-softmax-module", "double-softmax", "net[0].weight.grad", """
        import torch
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(2, 3))
        loss_of = torch.nn.CrossEntropyLoss()
        scores = net(torch.ones(2, 2)).softmax(dim=1)  # <-
        loss_of(scores, torch.tensor([0, 2])).backward()
        """, (".softmax(dim=1)", ""), facts=(r"softmax", r"line 5", r"raw|logits"), often=True),
    _v("ignores-grad-output-two-inputs", "function-ignores-grad-output", "a.grad", """
        import torch

        class Times(torch.autograd.Function):
            @staticmethod
            def forward(ctx, a, b):
                ctx.save_for_backward(a, b)
                return a * b

            @staticmethod
            def backward(ctx, incoming):
                a, b = ctx.saved_tensors
                return b, a  # <-

        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0, 4.0], requires_grad=True)
        (Times.apply(a, b) * 7).sum().backward()
        """, ("return b, a", "return incoming * b, incoming * a"), facts=(r"Times", r"incoming", r"line 12"), often=True),
    _v("hook-function-in-place", "hook-in-place", "x.grad", """
        import torch

        def shrink(grad):
            grad *= 0.5  # <-
            return grad

        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x * 1
        z = y + x
        y.register_hook(shrink)
        z.backward(torch.ones(2))
        """, ("grad *= 0.5", "grad = grad * 0.5"), facts=(r"hook", r"in place", r"line 4"), often=True),
    _v("wrong-loss", "wrong-variable", "w.grad", """
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        data_term = ((w - 3) ** 2).sum()
        penalty = (w ** 2).sum()
        objective = data_term + 0.5 * penalty
        data_term.backward()  # <-
        """, ("data_term.backward()", "objective.backward()"), facts=(r"data_term", r"objective", r"line 6"), often=True),
    _v("wrong-vector", "wrong-gradient-argument", "x.grad", """
        import torch
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x ** 2
        y.backward(y.detach())  # <-
        """, ("y.detach()", "torch.ones_like(y)"), facts=(r"gradient", r"ones_like", r"line 4")),
    _v("detach-shared-write", "detach-shares-memory", "t.grad", """
        import torch
        t = torch.tensor([1.0, 2.0], requires_grad=True)
        shown = t.detach()  # <-
        shown[0] = 100.0
        (t ** 2).sum().backward()
        """, ("t.detach()", "t.detach().clone()"), facts=(r"shown", r"\bt\b", r"memory", r"clone"), often=True),
    _v("total-keeps-graph", "loss-accumulates-graph", "total.requires_grad", """
        import torch
        w = torch.tensor(2.0, requires_grad=True)
        total = torch.tensor(0.0)
        for x in (1.0, 2.0):
            loss = (w * x) ** 2
            loss.backward()
            total += loss  # <-
        """, ("total += loss", "total += loss.detach()"), facts=(r"total", r"loss", r"detach|item", r"line 7"), often=True),
    _v("zero-grad-none", "zero-grad-set-to-none", "net.weight.grad", """
        import torch
        net = torch.nn.Linear(1, 1)
        net(torch.ones(1, 1)).sum().backward()
        net.zero_grad()  # <-
        """, ("zero_grad()", "zero_grad(set_to_none=False)"), facts=(r"None", r"set_to_none", r"line 4"), often=True),
)  # fmt: skip
