"""Teaching the starter model to see: an AutoencoderKLWan, trained from scratch on rendered clips.

The network takes pixels in 2×2 blocks (`patch_size=2`), which makes every convolution four times cheaper, and then
halves twice: 8× in space and 4× in time, to 16 channels. Every level has a shortcut past it (`is_residual`), which
carries the picture from the first step on, and convolutions are trained by Muon: together they reach in 100 steps what
took 1000 without. The loss is an absolute and a squared error, weighted up on the subject, which is small and matters
most, with a slight pull of the latents towards a unit normal.
"""

import functools
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from generation.starter import world
from generation.starter.recipe import Budget, Crew, autocast, matrix_optimisers, save_atomically, twins

CONFIG = {
    "base_dim": 16,
    "decoder_base_dim": 32,
    "z_dim": 16,
    "dim_mult": [1, 2, 2],
    "num_res_blocks": 1,
    "attn_scales": [],
    "is_residual": True,
    "temperal_downsample": [True, True],
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 8,
    "scale_factor_temporal": 4,
    "latents_mean": [0.0] * 16,
    "latents_std": [1.0] * 16,
}
# Frames a step sees: first only as many as make three latent frames, which the causal network treats apart; while the
# rate falls, from WHOLE_FROM of the budget on, the whole clip, or what it remembers of past frames drifts.
WINDOW = 9
WHOLE_FROM = 0.65
CROP = 64  # px, width of the strip a step sees; it always holds some of the subject
SUBJECT_WEIGHT = 5.0
KL_WEIGHT = 3e-6
START_LOGVAR = -5.0  # latents begin nearly without noise, else the first thousand steps learn through a fog


def batch(rng: random.Random, size: int, window: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips (size, 3, window, HEIGHT, CROP) in -1..1 and subject masks (size, 1, window, HEIGHT, CROP) in 0..1."""
    clips, masks = [], []
    for _ in range(size):
        clip, mask = world.render(world.random_scene(rng), rng.getrandbits(32))
        first = rng.randrange(world.FRAMES - window + 1)
        clip, mask = clip[first : first + window], mask[first : first + window]
        columns = np.flatnonzero(mask.any(axis=(0, 1)))
        centre = rng.choice(columns) if len(columns) else world.WIDTH // 2
        left = int(np.clip(centre - rng.randrange(CROP // 4, 3 * CROP // 4), 0, world.WIDTH - CROP))
        clips.append(clip[:, :, left : left + CROP])
        masks.append(mask[:, :, left : left + CROP])
    pictures = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1)
    return pictures, torch.from_numpy(np.stack(masks)).unsqueeze(1).float().div_(255)


def _fresh(device: torch.device) -> AutoencoderKLWan:
    """An untrained network, its weights laid out so that convolutions on the CPU take a third of the time."""
    vae = AutoencoderKLWan(**CONFIG)
    torch.nn.init.constant_(vae.quant_conv.bias[CONFIG["z_dim"] :], START_LOGVAR)
    for module in vae.modules():
        if isinstance(module, torch.nn.Conv3d):
            module.to(memory_format=torch.channels_last_3d)
        elif isinstance(module, torch.nn.Conv2d):
            module.to(memory_format=torch.channels_last)
    return vae.to(device)


def train(
    checkpoint: Path,
    budget: Budget,
    device: torch.device,
    crew: Crew,
    *,
    size: int = 6,
    peak_rate: float = 3e-3,
    start: AutoencoderKLWan | None = None,
) -> AutoencoderKLWan:
    """Train until the budget is spent and return the averaged network on `device`.

    Resumes from `checkpoint`; without one, begins with the weights of `start`, or with none learnt. What was learnt
    before is changed at half the rate.
    """
    torch.manual_seed(0)
    vae = _fresh(device)
    if start is not None:
        vae.load_state_dict(start.state_dict())
        peak_rate /= 2
    average = torch.optim.swa_utils.AveragedModel(vae, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    optimisers = matrix_optimisers(vae.named_parameters(), peak_rate, crew.map)
    steps = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        vae.load_state_dict(state["vae"])
        average.load_state_dict(state["average"])
        for optimiser, held in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(held)
        steps, budget.spent = state["steps"], state["spent"]

    def save() -> None:
        save_atomically(
            {
                "vae": vae.state_dict(),
                "average": average.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                "steps": steps,
                "spent": budget.spent,
            },
            checkpoint,
        )

    parameters, copies = list(vae.parameters()), twins(vae, crew.size)

    def part(twin: AutoencoderKLWan, number: int) -> torch.Tensor:
        rng, whole_clip = random.Random(f"vae {steps} {number}"), budget.done() >= WHOLE_FROM
        count = size // crew.size
        pictures, masks = batch(rng, count * 2 // 3 or 1, world.FRAMES) if whole_clip else batch(rng, count, WINDOW)
        pictures, masks = pictures.to(device, memory_format=torch.channels_last_3d), masks.to(device)
        with autocast(device):
            posterior = twin.encode(pictures).latent_dist
            decoded = twin.decode(posterior.sample()).sample
        error = decoded.float() - pictures
        weight = 1 + (SUBJECT_WEIGHT - 1) * masks
        with torch.no_grad():
            whole = -10 * torch.log10(error.square().mean() / 4)
            subject = -10 * torch.log10((error.square() * masks).sum() / masks.sum() / 3 / 4)
            seen[number] = (whole.item(), subject.item())
        return ((error.abs() + 2 * error.square()) * weight).mean() + KL_WEIGHT * posterior.kl().mean()

    began, saved = time.monotonic(), time.monotonic()
    seen: dict[int, tuple[float, float]] = {}
    while not budget.is_over():
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak_rate * budget.rate(steps)
        loss = crew.backward([functools.partial(part, twin, number) for number, twin in enumerate(copies)], parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        average.update_parameters(vae)
        steps += 1
        budget.spend()
        if steps % 50 == 0:
            whole, subject = (sum(values) / crew.size for values in zip(*seen.values(), strict=True))
            pace = (time.monotonic() - began) / 60
            print(
                f"vae {steps:6d}  loss {loss:.4f}  {whole:.1f} dB, subject {subject:.1f} dB  {pace:.1f} min", flush=True
            )
        if time.monotonic() - saved > 60:
            save()
            saved = time.monotonic()
    if seen:  # a budget that was spent before leaves the checkpoint alone
        save()
    return average.module.eval()
