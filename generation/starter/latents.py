"""A growing store of encoded clips on disk. Rendering and encoding cost about as much as a training step, so a clip is
used several times; new ones are added all the while, so that nothing is learnt by heart."""

import json
import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from generation.starter import world
from generation.starter.recipe import autocast
from generation.starter.world import Scene

CHANNELS, STEPS, ROWS, COLUMNS = 16, 1 + (world.FRAMES - 1) // 4, world.HEIGHT // 8, world.WIDTH // 8


class LatentStore:
    """Latents (float16, CHANNELS × STEPS × ROWS × COLUMNS) with their scenes and subject coverage, in one folder.

    `statistics` holds the mean and deviation per channel, measured on the first clips and kept: they become the VAE's
    `latents_mean` and `latents_std`.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.capacity = folder, capacity
        self.latents = self._open("latents.npy", (capacity, CHANNELS, STEPS, ROWS, COLUMNS))
        self.coverage = self._open("coverage.npy", (capacity, STEPS, ROWS, COLUMNS))
        self.scenes: list[Scene] = []
        lines = folder / "scenes.jsonl"
        if lines.exists():
            self.scenes = [Scene(*json.loads(line)) for line in lines.read_text().splitlines()]

    def _open(self, name: str, shape: tuple[int, ...]) -> np.memmap:
        path = self.folder / name
        return np.lib.format.open_memmap(path, mode="r+" if path.exists() else "w+", dtype=np.float16, shape=shape)

    def __len__(self) -> int:
        return len(self.scenes)

    @torch.no_grad()
    def grow(self, vae: AutoencoderKLWan, count: int) -> None:
        """Render and encode `count` more clips, unless the store is full."""
        device = next(vae.parameters()).device
        first = len(self)
        count = min(count, self.capacity - first)
        if count <= 0:
            return
        scenes = [world.random_scene(random.Random(f"latent {first + i}")) for i in range(count)]
        rendered = [world.render(scene, first + i) for i, scene in enumerate(scenes)]
        clips = torch.from_numpy(np.stack([clip for clip, _ in rendered])).permute(0, 4, 1, 2, 3)
        with autocast(device):
            latents = vae.encode(clips.to(device).float() / 127.5 - 1).latent_dist.mode()
        self.latents[first : first + count] = latents.float().cpu().numpy()
        masks = torch.from_numpy(np.stack([mask for _, mask in rendered])).float() / 255
        grouped = torch.stack([masks[:, 0], *(masks[:, i : i + 4].mean(1) for i in range(1, world.FRAMES, 4))], dim=1)
        self.coverage[first : first + count] = torch.nn.functional.adaptive_avg_pool2d(grouped, (ROWS, COLUMNS)).numpy()
        # The scenes are written last: they say how many of the rows above are whole.
        with (self.folder / "scenes.jsonl").open("a") as lines:
            for scene in scenes:
                lines.write(json.dumps(list(vars(scene).values())) + "\n")
        self.scenes += scenes

    def statistics(self, clips: int = 512) -> tuple[list[float], list[float]]:
        """Mean and deviation of every channel over the first `clips` rows."""
        sample = self.latents[: min(clips, len(self))].astype(np.float32)
        axes = (0, 2, 3, 4)
        return sample.mean(axes).round(4).tolist(), sample.std(axes).round(4).tolist()

    def sample(self, rng: np.random.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor, list[Scene]]:
        """`size` random rows: latents (size, C, T, H, W) and coverage (size, 1, T, H, W) as float32, and their scenes."""
        rows = np.sort(rng.integers(0, len(self), size))
        latents = torch.from_numpy(self.latents[rows].astype(np.float32))
        coverage = torch.from_numpy(self.coverage[rows].astype(np.float32)).unsqueeze(1)
        return latents, coverage, [self.scenes[row] for row in rows]
