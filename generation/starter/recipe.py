"""What both trainings share: a budget of time and the rate that follows it, Muon, threads, checkpoints."""

import contextlib
import copy
import functools
import math
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import torch

Network = TypeVar("Network", bound=torch.nn.Module)

WARM_UP = 100  # steps until the full learning rate


@dataclass
class Budget:
    """Minutes of training, counted over every run that resumes the same checkpoint."""

    minutes: float
    spent: float = 0.0
    _last: float = field(default_factory=time.monotonic)

    def spend(self) -> None:
        now = time.monotonic()
        self.spent += (now - self._last) / 60
        self._last = now

    def done(self) -> float:
        """The share of the budget that is spent, at most 1."""
        return min(1.0, self.spent / self.minutes)

    def is_over(self) -> bool:
        return self.spent >= self.minutes

    def rate(self, steps: int) -> float:
        """Share of the peak learning rate: a short warm-up, level, then down to a fiftieth over the last third."""
        done = self.done()
        fall = 1.0 if done < 0.65 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - 0.65) / 0.35))
        return min(1.0, (steps + 1) / WARM_UP) * fall


def pick_device(wish: str) -> torch.device:
    """`auto` is the first GPU, else the CPU."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish)


def autocast(device: torch.device) -> contextlib.AbstractContextManager:
    """bfloat16 on GPUs. On CPUs float32 is faster for networks this small: half again as fast, as measured."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type != "cpu")


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised by five Newton-Schulz steps (Jordan et al. 2024), for matrices and convolutions.

    A convolution counts as the matrix of its output channels by everything else, which torch.optim.Muon refuses. Steps
    are scaled to the size AdamW's would have, so that both take one learning rate.
    """

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float, work: Callable = map) -> None:
        """`work` maps a function over the parameters, as `map` does; a crew's does it in its threads."""
        super().__init__(parameters, {"lr": lr, "momentum": 0.95})
        self._work = work

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            changed = [parameter for parameter in group["params"] if parameter.grad is not None]
            list(self._work(functools.partial(self._move, group), changed))

    @torch.no_grad()
    def _move(self, group: dict, parameter: torch.nn.Parameter) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
        step = _orthogonal(parameter.grad.lerp(state["momentum"], group["momentum"]).flatten(1))
        parameter.add_(step.reshape(parameter.shape), alpha=-0.2 * max(step.shape) ** 0.5 * group["lr"])


def _orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return x.T if tall else x


class Crew:
    """Threads that each take an equal part of a step, forward and backward, and average their gradients.

    On a CPU shared with others this is up to twice as fast as letting every single operation use all cores, because
    threads meet once a step instead of thousands of times. On a GPU the crew is one.
    """

    def __init__(self, device: torch.device) -> None:
        self.size = (os.cpu_count() or 1) if device.type == "cpu" else 1
        if device.type == "cpu":
            torch.set_num_threads(1)
        self._threads = ThreadPoolExecutor(self.size, initializer=torch.set_flush_denormal, initargs=(True,))

    def map(self, work: Callable, items: Iterable) -> list:
        return list(self._threads.map(work, items))

    def backward(self, losses: list[Callable[[], torch.Tensor]], parameters: list[torch.nn.Parameter]) -> float:
        """Leave the mean gradient of the losses in the parameters' `grad`, and return the mean loss."""

        def one(loss: Callable[[], torch.Tensor]) -> tuple[float, tuple[torch.Tensor | None, ...]]:
            value = loss()
            return value.item(), torch.autograd.grad(value, parameters, allow_unused=True)

        values, gradients = zip(*self.map(one, losses), strict=True)
        for parameter, *parts in zip(parameters, *gradients, strict=True):
            parameter.grad = None if parts[0] is None else sum(parts[1:], parts[0]) / len(parts)
        return sum(values) / len(values)


def twins(network: Network, count: int) -> list[Network]:
    """Copies of a network that share its parameters, for networks that keep notes on themselves while they work."""
    held = {id(parameter): parameter for parameter in network.parameters()}
    return [copy.deepcopy(network, dict(held)) for _ in range(count)]


def matrix_optimisers(
    parameters: Iterable[tuple[str, torch.nn.Parameter]], rate: float, work: Callable = map, keep: str = " "
) -> list[torch.optim.Optimizer]:
    """Muon for every matrix and convolution, AdamW for the rest and for parameters whose name contains `keep`."""
    matrices, rest = [], []
    for name, parameter in parameters:
        inner = parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) > 8 and keep not in name
        (matrices if inner else rest).append(parameter)
    return [Muon(matrices, rate, work), torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)]


def save_atomically(state: dict, path: Path) -> None:
    """A checkpoint is either the old one or the new one, whenever the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
