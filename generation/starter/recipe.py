"""What both trainings share: a budget of time, the rate that follows it, precision, and checkpoints that survive kill."""

import contextlib
import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

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

    def is_over(self) -> bool:
        return self.spent >= self.minutes

    def rate(self, steps: int) -> float:
        """Share of the peak learning rate: a short warm-up, level, then down to a fiftieth over the last third."""
        done = min(1.0, self.spent / self.minutes)
        fall = 1.0 if done < 0.65 else 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (done - 0.65) / 0.35))
        return min(1.0, (steps + 1) / WARM_UP) * fall


def pick_device(wish: str) -> torch.device:
    """`auto` is the first GPU, else the CPU."""
    return torch.device(("cuda" if torch.cuda.is_available() else "cpu") if wish == "auto" else wish)


def autocast(device: torch.device) -> contextlib.AbstractContextManager:
    """bfloat16 where the arithmetic allows it: on GPUs, and on CPUs it is about twice as fast as float32 as well."""
    return torch.autocast(device.type, torch.bfloat16)


def save_atomically(state: dict, path: Path) -> None:
    """A checkpoint is either the old one or the new one, whenever the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
