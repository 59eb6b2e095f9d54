"""Teaching the starter model to see: an AutoencoderKLWan, trained from scratch on rendered clips.

The network takes pixels in 2×2 blocks (`patch_size=2`), which makes every convolution four times cheaper, and then
halves twice: 8× in space and 4× in time, to 16 channels. The loss is an absolute and a squared error, weighted up on
the subject, which is small and matters most, with a slight pull of the latents towards a unit normal.
"""

import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan

from generation.starter import world
from generation.starter.recipe import Budget, autocast, save_atomically

CONFIG = {
    "base_dim": 16,
    "decoder_base_dim": 24,
    "z_dim": 16,
    "dim_mult": [1, 2, 4],
    "num_res_blocks": 1,
    "attn_scales": [],
    "temperal_downsample": [True, True],
    "in_channels": 12,
    "out_channels": 12,
    "patch_size": 2,
    "scale_factor_spatial": 8,
    "scale_factor_temporal": 4,
    "latents_mean": [0.0] * 16,
    "latents_std": [1.0] * 16,
}
WINDOW = 9  # frames a step sees: the first, the second and a later latent frame, which the causal network treats apart
CROP = 64  # px, width of the strip a step sees; it always holds some of the subject
SUBJECT_WEIGHT = 5.0
KL_WEIGHT = 1e-5


def batch(rng: random.Random, size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Clips (size, 3, WINDOW, HEIGHT, CROP) in -1..1 and subject masks (size, 1, WINDOW, HEIGHT, CROP) in 0..1."""
    clips, masks = [], []
    for _ in range(size):
        clip, mask = world.render(world.random_scene(rng), rng.getrandbits(32))
        first = rng.randrange(world.FRAMES - WINDOW + 1)
        clip, mask = clip[first : first + WINDOW], mask[first : first + WINDOW]
        columns = np.flatnonzero(mask.any(axis=(0, 1)))
        centre = rng.choice(columns) if len(columns) else world.WIDTH // 2
        left = int(np.clip(centre - rng.randrange(CROP // 4, 3 * CROP // 4), 0, world.WIDTH - CROP))
        clips.append(clip[:, :, left : left + CROP])
        masks.append(mask[:, :, left : left + CROP])
    pictures = torch.from_numpy(np.stack(clips)).permute(0, 4, 1, 2, 3).float().div_(127.5).sub_(1)
    return pictures, torch.from_numpy(np.stack(masks)).unsqueeze(1).float().div_(255)


def train(checkpoint: Path, budget: Budget, device: torch.device, size: int = 6, peak_rate: float = 2e-3) -> AutoencoderKLWan:
    """Train until the budget is spent, resuming from `checkpoint`, and return the averaged network on `device`."""
    torch.manual_seed(0)
    vae = AutoencoderKLWan(**CONFIG).to(device)
    average = torch.optim.swa_utils.AveragedModel(vae, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))
    optimiser = torch.optim.AdamW(vae.parameters(), lr=peak_rate, betas=(0.9, 0.98), weight_decay=1e-4)
    steps = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        vae.load_state_dict(state["vae"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        steps, budget.spent = state["steps"], state["spent"]

    def save() -> None:
        save_atomically(
            {
                "vae": vae.state_dict(),
                "average": average.state_dict(),
                "optimiser": optimiser.state_dict(),
                "steps": steps,
                "spent": budget.spent,
            },
            checkpoint,
        )

    began, saved = time.monotonic(), time.monotonic()
    while not budget.is_over():
        rng = random.Random(f"vae {steps}")
        pictures, masks = (part.to(device) for part in batch(rng, size))
        for group in optimiser.param_groups:
            group["lr"] = peak_rate * budget.rate(steps)
        with autocast(device):
            posterior = vae.encode(pictures).latent_dist
            decoded = vae.decode(posterior.sample()).sample
        error = decoded.float() - pictures
        weight = 1 + (SUBJECT_WEIGHT - 1) * masks
        loss = ((error.abs() + 2 * error.square()) * weight).mean() + KL_WEIGHT * posterior.kl().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(vae)
        steps += 1
        budget.spend()
        if steps % 50 == 0:
            whole = -10 * torch.log10(error.square().mean() / 4).item()
            subject = -10 * torch.log10((error.square() * masks).sum() / masks.sum() / 3 / 4).item()
            pace = (time.monotonic() - began) / 60
            print(f"vae {steps:6d}  loss {loss.item():.4f}  {whole:.1f} dB, subject {subject:.1f} dB  {pace:.1f} min", flush=True)
        if time.monotonic() - saved > 60:
            save()
            saved = time.monotonic()
    save()
    return average.module.eval()
