"""A growing store of encoded clips on disk. Rendering and encoding cost about as much as a training step, so a clip is
used several times; new ones are added all the while, so that nothing is learnt by heart."""

import json
import random
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from generation.starter import world
from generation.starter.recipe import Crew, autocast, twins
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
        self._encoders: list[AutoencoderKLWan] = []
        lines = folder / "scenes.jsonl"
        if lines.exists():
            self.scenes = [Scene(*json.loads(line)) for line in lines.read_text().splitlines()]

    def _open(self, name: str, shape: tuple[int, ...]) -> np.memmap:
        path = self.folder / name
        return np.lib.format.open_memmap(path, mode="r+" if path.exists() else "w+", dtype=np.float16, shape=shape)

    def __len__(self) -> int:
        return len(self.scenes)

    def grow(self, vae: AutoencoderKLWan, crew: Crew, count: int) -> None:
        """Render and encode `count` more clips, unless the store is full."""
        if not self._encoders:
            self._encoders = twins(vae, crew.size)
        rows = range(len(self), min(len(self) + count, self.capacity))
        shares = [(encoder, rows[number :: crew.size]) for number, encoder in enumerate(self._encoders)]
        scenes = dict(pair for share in crew.map(self._encode, shares) for pair in share)
        # The scenes are written last: they say how many of the rows are whole.
        with (self.folder / "scenes.jsonl").open("a") as lines:
            for row in rows:
                lines.write(json.dumps(list(vars(scenes[row]).values())) + "\n")
        self.scenes += [scenes[row] for row in rows]

    @torch.no_grad()
    def _encode(self, share: tuple[AutoencoderKLWan, range]) -> list[tuple[int, Scene]]:
        encoder, rows = share
        device = next(encoder.parameters()).device
        scenes = []
        for row in rows:
            scene = world.random_scene(random.Random(f"latent {row}"))
            clip, mask = world.render(scene, row)
            pixels = torch.from_numpy(clip).permute(3, 0, 1, 2).unsqueeze(0).to(device).float() / 127.5 - 1
            pixels = pixels.contiguous(memory_format=torch.channels_last_3d)
            with autocast(device):
                self.latents[row] = encoder.encode(pixels).latent_dist.mode()[0].float().cpu().numpy()
            cover = torch.from_numpy(mask).float() / 255
            grouped = torch.stack([cover[0], *(cover[i : i + 4].mean(0) for i in range(1, world.FRAMES, 4))])
            self.coverage[row] = torch.nn.functional.adaptive_avg_pool2d(grouped, (ROWS, COLUMNS)).numpy()
            scenes.append((row, scene))
        return scenes

    def statistics(self, clips: int = 512) -> tuple[list[float], list[float]]:
        """Mean and deviation of every channel over the first `clips` rows."""
        sample = self.latents[: min(clips, len(self))].astype(np.float32)
        axes = (0, 2, 3, 4)
        return sample.mean(axes).round(4).tolist(), sample.std(axes).round(4).tolist()

    def sample(self, rng: np.random.Generator, size: int) -> tuple[torch.Tensor, torch.Tensor, list[Scene]]:
        """`size` random rows: latents (size, C, T, H, W) and coverage (size, 1, T, H, W), float32, and their scenes."""
        rows = np.sort(rng.integers(0, len(self), size))
        latents = torch.from_numpy(self.latents[rows].astype(np.float32))
        coverage = torch.from_numpy(self.coverage[rows].astype(np.float32)).unsqueeze(1)
        return latents, coverage, [self.scenes[row] for row in rows]
