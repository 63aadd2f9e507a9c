"""PyTorch on the CPU, as a user writes it. Variants: words of `compiled fused channels shipped`, then the threads."""

import torch
from torch import nn

from bench.cases import CONVOLUTIONS, Case, rows
from bench.child import Round, once, repeat

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "flatten": nn.Flatten}


def network(case: Case) -> nn.Sequential:
    layers: list[nn.Module] = []
    shape = case.shape
    for name, size in case.layers:
        if name == "dense":
            layers.append(nn.Linear(shape[0], size))
            shape = (size,)
        elif name in CONVOLUTIONS:
            kernel, stride, padding = CONVOLUTIONS[name]
            layers.append(nn.Conv2d(shape[0], size, kernel, stride, padding))
            shape = (size, -(-shape[1] // stride), -(-shape[2] // stride))
        elif name == "pool":
            layers.append(nn.MaxPool2d(size))
            shape = (shape[0], shape[1] // size, shape[2] // size)
        elif name == "batch_norm":
            layers.append(nn.BatchNorm2d(shape[0]))
        else:
            layers.append(ACTIVATIONS[name]())
            shape = (int(torch.Size(shape).numel()),) if name == "flatten" else shape
    return nn.Sequential(*layers)


def build(case: Case, variant: str) -> tuple[str, Round]:
    words = set(variant.split())
    torch.set_num_threads(2 if "2" in words else 1)
    if "shipped" not in words:
        torch.set_flush_denormal(True)
    torch.manual_seed(0)
    x, y = map(torch.from_numpy, rows(case))
    model = network(case)
    if "channels" in words:
        model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
    if case.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), lr=case.lr, fused="fused" in words or None)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=case.lr, momentum=0.9 * (case.optimizer == "momentum"))

    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        out = model(x)
        return 0.5 * nn.functional.mse_loss(out, y) if case.classes == 1 else nn.functional.cross_entropy(out, y)

    if "compiled" in words:
        loss_of = torch.compile(loss_of)
    losses: list[float] = []

    def orders():  # type: ignore[no-untyped-def]
        while True:
            yield from (rows for rows in torch.randperm(len(x)).split(case.batch) if len(rows) == case.batch)

    order = orders()

    def step() -> None:
        index = next(order)
        optimizer.zero_grad()
        loss = loss_of(x[index], y[index])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    def steps(count: int) -> None:
        for _ in range(count):
            step()

    @torch.inference_mode()
    def evaluate() -> tuple[float, float]:
        out = model(x)
        return nn.functional.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()

    version = f"PyTorch {torch.__version__}"
    if case.kind == "epoch":
        return version, once(steps, len(x) // case.batch)
    return version, repeat(evaluate if case.kind == "evaluate" else step)
