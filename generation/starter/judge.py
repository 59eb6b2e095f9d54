"""The score's eye: a small classifier that says from a clip's pixels what is to be seen, taught on true renders only.

It never sees what the model makes while it learns, and shares nothing with the model: the renders are blurred, dimmed
and made noisy instead, so that a soft picture is judged by what it shows. Place, colour and subject are classes; motion
is measured, by following where the network sees the subject. `python -m generation.starter.judge` teaches it anew;
`score` checks it on unseen renders before every use.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from generation.starter import vocabulary, world
from generation.starter.recipe import Budget, matrix_optimisers

WEIGHTS = Path(__file__).resolve().parent / "judge.safetensors"
GROUPS = {
    "place": tuple(vocabulary.PLACES),
    "colour": tuple(vocabulary.COLOURS),
    "motion": tuple(vocabulary.MOTIONS),
    "subject": tuple(vocabulary.SUBJECTS),
}
GLANCES = 5  # frames looked at, evenly spread from the first to the last
TAUGHT = ("place", "colour", "subject")
# What a full motion changes from the first frame to the last: the centre as shares of width and height, the logarithm
# of the area. A clip moves as it changes most by this measure, and is still below STILL of it.
MOTIONS = (("right", "left", 0.5), ("sink", "rise", 0.42), ("nearer", "away", 2 * math.log(0.8 / 0.3)))
STILL = 0.4


class Judge(nn.Module):
    """Clips (n, GLANCES, 3, 64, 112) in -1..1 to logits for the taught groups, and a map of where the subject is."""

    def __init__(self, width: int = 40) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 20, 3, 2, 1), nn.SiLU(), nn.Conv2d(20, width, 3, 2, 1), nn.SiLU())
        self.trunk = nn.ModuleList(nn.Conv2d(width, width, 3, padding=d, dilation=d) for d in (1, 2, 4, 1))
        self.where = nn.Conv2d(width, 1, 1)
        self.place = nn.Linear(2 * width, len(GROUPS["place"]))
        self.colour = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, len(GROUPS["colour"])))
        self.subject = nn.Sequential(nn.Linear(3 * width, width), nn.SiLU(), nn.Linear(width, len(GROUPS["subject"])))

    def forward(self, clips: torch.Tensor) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        count = len(clips)
        x = self.stem(clips.flatten(0, 1))
        for layer in self.trunk:
            x = x + F.silu(layer(F.group_norm(x, 1)))
        where = self.where(x)
        inside = torch.sigmoid(where)
        area = inside.mean((2, 3)) + 1e-4
        shown = (x * inside).mean((2, 3)) / area
        strongest = (x * inside).amax((2, 3))
        around = (x * (1 - inside)).mean((2, 3))
        by_frame = torch.cat([shown, strongest, around], 1).unflatten(0, (count, GLANCES)).mean(1)
        shown, _, around = by_frame.chunk(3, 1)
        return {
            "place": self.place(torch.cat([around, shown], 1)),
            "colour": self.colour(shown),
            "subject": self.subject(by_frame),
        }, where


def glance(clip: np.ndarray) -> np.ndarray:
    """The frames the judge looks at, of a clip uint8 (frames, height, width, 3)."""
    return clip[np.linspace(0, len(clip) - 1, GLANCES).round().astype(int)]


def any_scene(rng: random.Random) -> world.Scene:
    """A scene of either side: what may be seen, the judge must know."""
    seen = world.random_scene(rng)
    return world.Scene(
        rng.choice(GROUPS["subject"]),
        rng.choice(GROUPS["colour"]),
        rng.choice(GROUPS["place"]),
        rng.choice(GROUPS["motion"]),
        seen.time,
        seen.weather,
        seen.camera,
    )


def motion(where: torch.Tensor) -> str:
    """How the subject moves, from its map in every glance: logits (GLANCES, rows, columns)."""
    inside = torch.sigmoid(where)
    inside = inside * (inside > 0.3)
    rows, columns = where.shape[1:]
    area = inside.sum((1, 2)) + 1e-3
    across = (inside * ((torch.arange(columns) + 0.5) / columns)).sum((1, 2)) / area
    down = (inside * ((torch.arange(rows) + 0.5) / rows).unsqueeze(1)).sum((1, 2)) / area
    changes = [(track[-1] - track[0]).item() for track in (across, down, area.log())]
    strength, name = max(
        (abs(change) / full, more if change > 0 else less)
        for change, (more, less, full) in zip(changes, MOTIONS, strict=True)
    )
    return name if strength >= STILL else "still"


def answers(scenes: list[world.Scene]) -> dict[str, torch.Tensor]:
    """The right index in every taught group."""
    return {group: torch.tensor([GROUPS[group].index(getattr(scene, group)) for scene in scenes]) for group in TAUGHT}


@torch.no_grad()
def verdicts(judge: Judge, glances: np.ndarray, size: int = 32) -> dict[str, list[str]]:
    """What is to be seen in each of `glances`, uint8 (n, GLANCES, 64, 112, 3)."""
    said: dict[str, list[str]] = {group: [] for group in GROUPS}
    for first in range(0, len(glances), size):
        clips = torch.from_numpy(glances[first : first + size]).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        logits, where = judge(clips)
        for group in TAUGHT:
            said[group] += [GROUPS[group][i] for i in logits[group].argmax(1).tolist()]
        said["motion"] += [motion(one) for one in where.squeeze(1).unflatten(0, (len(clips), GLANCES))]
    return said


def load() -> Judge:
    judge = Judge()
    judge.load_state_dict({name: tensor.float() for name, tensor in load_file(WEIGHTS).items()})
    return judge.eval()


def renders(name: str, count: int) -> tuple[np.ndarray, np.ndarray, list[world.Scene]]:
    """`count` true renders drawn from the seed `name`: glances, masks and scenes."""
    scenes = [any_scene(random.Random(f"{name} {i}")) for i in range(count)]
    drawn = [
        world.render(scene, random.Random(f"{name} render {i}").getrandbits(40), GLANCES)
        for i, scene in enumerate(scenes)
    ]
    return np.stack([clip for clip, _ in drawn]), np.stack([mask for _, mask in drawn]), scenes


def _worn(clips: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Clips as a decoder might give them: softer, a little off in light, noisy. A third stays as it is."""
    draw = torch.rand(3, generator=rng)
    if draw[0] < 0.33:
        return clips
    sigma = 0.4 + 1.2 * draw[1].item()
    reach = torch.arange(-4, 5, dtype=clips.dtype)
    kernel = torch.exp(-(reach**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).repeat(3, 1, 1)
    flat = F.conv2d(clips.flatten(0, 1), kernel[:, :, None], padding=(0, 4), groups=3)
    flat = F.conv2d(flat, kernel[:, :, :, None], padding=(4, 0), groups=3).view_as(clips)
    gain = 1 + 0.12 * (torch.rand(len(clips), 1, 1, 1, 1, generator=rng) - 0.5)
    return flat * gain + 0.04 * draw[2] * torch.randn(clips.shape, generator=rng)


def teach(minutes: float, pool: int = 5000, size: int = 24, peak_rate: float = 3e-3) -> Judge:
    """A judge taught for `minutes` on `pool` renders, each mirrored and worn anew every time it is seen."""
    torch.manual_seed(2)
    rng = torch.Generator().manual_seed(3)
    judge = Judge()
    optimisers = matrix_optimisers(judge.named_parameters(), peak_rate)
    glances, masks, scenes = renders("judge", pool)
    right = answers(scenes)
    budget, steps = Budget(minutes), 0
    while not budget.is_over():
        rows = torch.randint(0, pool, (size,), generator=rng)
        clips = torch.from_numpy(glances[rows.numpy()]).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        mask = torch.from_numpy(masks[rows.numpy()]).flatten(0, 1).unsqueeze(1).float() / 255
        if steps % 2:
            clips, mask = clips.flip(4), mask.flip(3)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak_rate * budget.rate(steps)
        said, where = judge(_worn(clips, rng))
        loss = F.binary_cross_entropy_with_logits(where, F.avg_pool2d(mask, 4))
        loss = 3 * loss + sum(F.cross_entropy(said[group], right[group][rows]) for group in TAUGHT)
        judge.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        steps += 1
        budget.spend()
        if steps % 100 == 0:
            print(f"judge {steps:6d}  loss {loss.item():.3f}  {budget.spent:.1f} min", flush=True)
    return judge.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=8, help="time to teach (default %(default)s)")
    wish = parser.parse_args()
    began = time.monotonic()
    torch.set_flush_denormal(True)
    judge = teach(wish.minutes)
    save_file({name: tensor.half().contiguous() for name, tensor in judge.state_dict().items()}, WEIGHTS)
    glances, _, scenes = renders("unseen", 500)
    for group, said in verdicts(load(), glances).items():
        right = np.mean([word == getattr(scene, group) for word, scene in zip(said, scenes, strict=True)])
        print(f"{group:8} {right:.1%} right on {len(scenes)} unseen renders")
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1e3:.0f} kB, {(time.monotonic() - began) / 60:.1f} min")


if __name__ == "__main__":
    main()
