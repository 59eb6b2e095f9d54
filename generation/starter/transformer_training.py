"""Teaching the starter model to imagine: a small WanTransformer3DModel and its text encoder, by flow matching.

x_t = (1 - σ)·x₀ + σ·noise, the network predicts noise - x₀ (Lipman et al. 2022; Liu et al. 2022), σ is drawn
logit-normal and shifted towards noise (Esser et al. 2024). One prompt in ten is empty, for guidance (Ho & Salimans 2022).
The error counts more where the subject is. Matrices are trained by Muon (Jordan 2024), everything else by AdamW.
"""

import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan, WanTransformer3DModel

from generation.starter import language
from generation.starter.captions import caption
from generation.starter.latents import LatentStore
from generation.starter.recipe import Budget, autocast, save_atomically

CONFIG = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 4,
    "attention_head_dim": 64,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": language.WIDTH,
    "freq_dim": 128,
    "ffn_dim": 1024,
    "num_layers": 8,
    "rope_max_seq_len": 64,
}
SHIFT = 2.0  # the scheduler's `shift`: how far the steps lean towards noise
SUBJECT_WEIGHT = 4.0
EMPTY_PROMPTS = 0.1
STRANGE_WORDS = 0.05  # prompts that carry a word the model cannot know, so that one does not throw it


class Painter(torch.nn.Module):
    """The transformer and the text encoder, trained as one."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = WanTransformer3DModel(**CONFIG)
        self.reader = language.encoder()


def _optimisers(painter: Painter, rate: float) -> list[torch.optim.Optimizer]:
    matrices, rest = [], []
    for name, parameter in painter.named_parameters():
        inner = "transformer.blocks" in name or "encoder.block" in name
        (matrices if inner and parameter.ndim == 2 and min(parameter.shape) > 8 else rest).append(parameter)
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _prompts(scenes: list, rng: random.Random) -> list[str]:
    said = []
    for scene in scenes:
        text = caption(scene, rng)
        if rng.random() < STRANGE_WORDS:
            parts = text.split(" ")
            parts.insert(rng.randrange(len(parts) + 1), "unheard")
            text = " ".join(parts)
        said.append("" if rng.random() < EMPTY_PROMPTS else text)
    return said


def train(
    checkpoint: Path,
    store: LatentStore,
    vae: AutoencoderKLWan,
    budget: Budget,
    device: torch.device,
    *,
    size: int = 48,
    fresh: int = 8,
    peak_rate: float = 2e-3,
) -> Painter:
    """Train until the budget is spent, resuming from `checkpoint`, and return the averaged networks.

    `size` clips a step are drawn from the store, which grows by `fresh` clips a step until it is full.
    """
    torch.manual_seed(1)
    painter = Painter().to(device)
    tokenizer = language.tokenizer()
    average = torch.optim.swa_utils.AveragedModel(painter, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    optimisers = _optimisers(painter, peak_rate)
    steps = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        painter.load_state_dict(state["painter"])
        average.load_state_dict(state["average"])
        for optimiser, held in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(held)
        steps, budget.spent = state["steps"], state["spent"]

    def save() -> None:
        save_atomically(
            {
                "painter": painter.state_dict(),
                "average": average.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                "steps": steps,
                "spent": budget.spent,
            },
            checkpoint,
        )

    mean, deviation = (torch.tensor(values, device=device).view(1, -1, 1, 1, 1) for values in store.statistics())
    began = saved = time.monotonic()
    losses: list[float] = []
    while not budget.is_over():
        rng = random.Random(f"painter {steps}")
        latents, coverage, scenes = store.sample(np.random.default_rng(steps), size)
        clean = (latents.to(device) - mean) / deviation
        noise = torch.randn_like(clean)
        sigma = torch.sigmoid(torch.randn(size, device=device))
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        share = sigma.view(-1, 1, 1, 1, 1)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak_rate * budget.rate(steps)
        with autocast(device):
            text = language.embed(tokenizer, painter.reader, _prompts(scenes, rng))
            predicted = painter.transformer(
                (1 - share) * clean + share * noise, timestep=sigma * 1000, encoder_hidden_states=text, return_dict=False
            )[0]
        weight = 1 + (SUBJECT_WEIGHT - 1) * coverage.to(device).clamp(0, 0.5) * 2
        loss = ((predicted.float() - (noise - clean)).square() * weight).mean()
        for optimiser in optimisers:
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(painter.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
        average.update_parameters(painter)
        store.grow(vae, fresh)
        steps += 1
        budget.spend()
        losses.append(loss.item())
        if steps % 50 == 0:
            pace = steps * size / 1000
            print(
                f"painter {steps:6d}  loss {np.mean(losses[-50:]):.4f}  {pace:.0f} k clips seen, {len(store)} stored  "
                f"{(time.monotonic() - began) / 60:.1f} min",
                flush=True,
            )
        if time.monotonic() - saved > 120:
            save()
            saved = time.monotonic()
    save()
    return average.module.eval()
