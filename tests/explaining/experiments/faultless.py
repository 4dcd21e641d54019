"""Programs without fault that look a little like mistakes. None of them may get a complaint."""

from textwrap import dedent

FAULTLESS = {
    name: dedent(code).lstrip("\n")
    for name, code in {
        "a model that predicts probabilities beside its scores": """
            import torch
            from torch import nn
            import torch.nn.functional as F
            torch.manual_seed(0)
            class Classifier(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 3)
                def forward(self, x):
                    return self.fc(x)
                def predict(self, x):
                    return F.softmax(self.forward(x), dim=-1)
            model = Classifier()
            loss = F.cross_entropy(model(torch.randn(4, 2)), torch.tensor([0, 1, 2, 0]))
            loss.backward()
            print(model.predict(torch.randn(1, 2)))
            """,
        "a parameter for each rate that is tried": """
            import torch
            results = {}
            for lr in (0.1, 0.01):
                w = torch.tensor(5.0, requires_grad=True)
                for _ in range(3):
                    loss = (w - 2) ** 2
                    loss.backward()
                    with torch.no_grad():
                        w -= lr * w.grad
                    w.grad = None
                results[lr] = loss.item()
            print(results)
            """,
        "gradients in a list, read at once": """
            import torch
            net = torch.nn.Linear(2, 1)
            net(torch.ones(1, 2)).sum().backward()
            grads = [p.grad for p in net.parameters()]
            total = torch.sqrt(sum((g ** 2).sum() for g in grads))
            print(total)
            """,
        "a target network that is learned slowly": """
            import torch
            from torch import nn
            import torch.nn.functional as F
            torch.manual_seed(0)
            q_net, target = nn.Linear(2, 2), nn.Linear(2, 2)
            target.load_state_dict(q_net.state_dict())
            opt = torch.optim.Adam(q_net.parameters())
            s, s2, r = torch.randn(4, 2), torch.randn(4, 2), torch.randn(4)
            a = torch.randint(0, 2, (4, 1))
            for _ in range(2):
                with torch.no_grad():
                    goal = r + 0.9 * target(s2).max(1).values
                q = q_net(s).gather(1, a).squeeze(1)
                loss = F.smooth_l1_loss(q, goal)
                opt.zero_grad()
                loss.backward()
                opt.step()
                for tp, p in zip(target.parameters(), q_net.parameters()):
                    tp.data.mul_(0.9).add_(0.1 * p.data)
            """,
        "a training loop": """
            import torch
            torch.manual_seed(0)
            net = torch.nn.Linear(2, 1)
            opt = torch.optim.SGD(net.parameters(), lr=0.1)
            x, y = torch.randn(8, 2), torch.randn(8, 1)
            total = 0.0
            for epoch in range(3):
                opt.zero_grad()
                loss = torch.nn.functional.mse_loss(net(x), y)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                total += loss.item()
            """,
        "clearing after the step": """
            import torch
            w = torch.tensor([1.0], requires_grad=True)
            opt = torch.optim.SGD([w], lr=0.1)
            for _ in range(3):
                (w ** 2).sum().backward()
                opt.step()
                opt.zero_grad()
            """,
        "what one loss left is cleared before the other": """
            import torch
            from torch import nn
            torch.manual_seed(0)
            actor, critic = nn.Linear(2, 2), nn.Linear(2, 1)
            first = torch.optim.SGD(actor.parameters(), lr=0.1)
            second = torch.optim.SGD(critic.parameters(), lr=0.1)
            value = critic(actor(torch.ones(4, 2)))
            (value - 1).pow(2).mean().backward(retain_graph=True)
            first.zero_grad()
            (-value.mean()).backward()
            second.step()
            first.step()
            """,
        "a manual update": """
            import torch
            w = torch.tensor([1.0, 2.0], requires_grad=True)
            for _ in range(3):
                loss = (w ** 2).sum()
                loss.backward()
                with torch.no_grad():
                    w -= 0.1 * w.grad
                    w.grad.zero_()
            """,
        "an update of the data": """
            import torch
            w = torch.tensor([1.0, 2.0], requires_grad=True)
            for _ in range(3):
                loss = (w ** 2).sum()
                loss.backward()
                w.data -= 0.1 * w.grad
                w.grad = None
            """,
        "gradients accumulated over batches on purpose": """
            import torch
            w = torch.tensor([1.0], requires_grad=True)
            opt = torch.optim.SGD([w], lr=0.1)
            opt.zero_grad()
            for part in torch.arange(6.0).split(2):
                (((w - part) ** 2).mean() / 3).backward()
            opt.step()
            """,
        "a detached target": """
            import torch
            q = torch.tensor([1.0, 2.0], requires_grad=True)
            goal = (q * 2).detach()
            ((q - goal) ** 2).sum().backward()
            """,
        "an outer difference on purpose": """
            import torch
            a = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
            distances = (a.unsqueeze(1) - a.unsqueeze(0)) ** 2
            distances.sum().backward()
            """,
        "a column and a row, both two-dimensional": """
            import torch
            a = torch.randn(4, 1, requires_grad=True)
            b = torch.randn(1, 5)
            (a * b).sum().backward()
            """,
        "rounding for display": """
            import torch
            p = torch.tensor([1.26, 2.74], requires_grad=True)
            (p ** 2).sum().backward()
            print(torch.round(p.detach()))
            """,
        "a zero gradient at a minimum": """
            import torch
            p = torch.tensor([1.0, 1.0], requires_grad=True)
            ((p - 1.0) ** 2).sum().backward()
            """,
        "a retained graph for two losses": """
            import torch
            p = torch.tensor([1.0, 2.0], requires_grad=True)
            trunk = p.exp()
            trunk.sum().backward(retain_graph=True)
            (trunk ** 2).sum().backward()
            """,
        "a gradient kept before clearing to None": """
            import torch
            p = torch.tensor([1.0, 2.0], requires_grad=True)
            (p ** 2).sum().backward()
            first = p.grad
            p.grad = None
            (p ** 3).sum().backward()
            """,
        "a kept copy": """
            import torch
            p = torch.tensor([1.0, 2.0], requires_grad=True)
            grads = []
            for power in (2, 3):
                p.grad = None
                (p ** power).sum().backward()
                grads.append(p.grad.clone())
            """,
        "a function that returns the update": """
            import torch

            def step(w, g, lr=0.1):
                w = w - lr * g
                return w

            w = torch.tensor([1.0], requires_grad=True)
            (g,) = torch.autograd.grad((w ** 2).sum(), w)
            w = step(w, g)
            """,
        "meta-learning with a new tensor": """
            import torch
            w = torch.tensor([1.0], requires_grad=True)
            fast = w
            for _ in range(2):
                (g,) = torch.autograd.grad((fast ** 2).sum(), fast, create_graph=True)
                fast = fast - 0.1 * g
            fast.sum().backward()
            """,
        "a recurrent state, detached": """
            import torch
            w = torch.tensor(0.5, requires_grad=True)
            h = torch.tensor(0.0)
            for t in range(3):
                h = torch.tanh(w * h.detach() + 1.0)
                loss = (h - 0.3) ** 2
                loss.backward()
            """,
        "cross entropy of raw scores": """
            import torch
            scores = torch.randn(3, 4, requires_grad=True)
            loss = torch.nn.functional.cross_entropy(scores, torch.tensor([0, 1, 2]))
            loss.backward()
            print(scores.softmax(dim=1))
            """,
        "nll of log softmax": """
            import torch
            scores = torch.randn(3, 4, requires_grad=True)
            logs = torch.log_softmax(scores, dim=1)
            torch.nn.functional.nll_loss(logs, torch.tensor([0, 1, 2])).backward()
            """,
        "a masked square root, safely": """
            import torch
            x = torch.tensor([0.0, 4.0], requires_grad=True)
            safe = torch.where(x > 0, x, torch.ones_like(x))
            torch.where(x > 0, safe.sqrt(), torch.zeros_like(x)).sum().backward()
            """,
        "a straight-through estimator": """
            import torch
            x = torch.tensor([1.2, 2.7], requires_grad=True)
            y = x + (x.round() - x).detach()
            (y * 2).sum().backward()
            """,
        "a hook that returns": """
            import torch
            x = torch.tensor([1.0, 2.0], requires_grad=True)
            y = x * 2
            y.register_hook(lambda grad: grad * 0.5)
            y.sum().backward()
            """,
        "a custom function": """
            import torch

            class Double(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    return 2 * x

                @staticmethod
                def backward(ctx, grad_output):
                    return 2 * grad_output

            x = torch.tensor([1.0, 2.0], requires_grad=True)
            Double.apply(x).sum().backward()
            """,
        "two optimizers in turns": """
            import torch
            a = torch.tensor([1.0], requires_grad=True)
            b = torch.tensor([2.0], requires_grad=True)
            first, second = torch.optim.SGD([a], lr=0.1), torch.optim.SGD([b], lr=0.1)
            for _ in range(2):
                first.zero_grad()
                ((a - b.detach()) ** 2).sum().backward()
                first.step()
                second.zero_grad()
                ((b - a.detach()) ** 2).sum().backward()
                second.step()
            """,
        "a scheduler and momentum": """
            import torch
            w = torch.tensor([1.0], requires_grad=True)
            opt = torch.optim.Adam([w], lr=0.1)
            plan = torch.optim.lr_scheduler.StepLR(opt, step_size=1)
            for _ in range(2):
                opt.zero_grad()
                (w ** 2).sum().backward()
                opt.step()
                plan.step()
            """,
        "a doubling loop": """
            import torch
            a = torch.tensor(1.5, requires_grad=True)
            b = a * 2
            while b.norm() < 1000:
                b = b * 2
            b.backward()
            """,
        "data scaled before the forward pass": """
            import torch
            w = torch.randn(3, requires_grad=True)
            w.data *= 0.01
            (w ** 2).sum().backward()
            """,
        "an optimizer made for each fit": """
            import torch

            def fit(target):
                w = torch.zeros(1, requires_grad=True)
                opt = torch.optim.SGD([w], lr=0.1)
                for _ in range(3):
                    opt.zero_grad()
                    ((w - target) ** 2).sum().backward()
                    opt.step()
                return w.item()

            print([fit(target) for target in (1.0, 2.0)])
            """,
        "a total of losses, one backward": """
            import torch
            w = torch.tensor([1.0], requires_grad=True)
            total = 0.0
            for x in (1.0, 2.0):
                loss = ((w * x) ** 2).sum()
                total = total + loss
            total.backward()
            """,
        "the norm of a difference": """
            import torch
            x = torch.tensor([3.0, 4.0], requires_grad=True)
            x.norm().backward()
            """,
        "an infinite loss nobody differentiates": """
            import torch
            x = torch.tensor([0.0, 4.0], requires_grad=True)
            print(torch.log(x.detach()))
            (x ** 2).sum().backward()
            """,
        "no autograd at all": """
            import torch
            print(torch.arange(4).float().mean())
            """,
    }.items()
}
