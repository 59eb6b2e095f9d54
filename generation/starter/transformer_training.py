"""Teaching the starter model to imagine: a small WanTransformer3DModel and its text encoder, by flow matching.

x_t = (1 - σ)·x₀ + σ·noise, the network predicts noise - x₀ (Lipman et al. 2022; Liu et al. 2022), σ is drawn
logit-normal and shifted towards noise (Esser et al. 2024). One prompt in ten is empty, for guidance (Ho & Salimans
2022). The error counts more where the subject is. Matrices are trained by Muon (Jordan 2024), all else by AdamW.
"""

import functools
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKLWan, WanPipeline, WanTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanAttnProcessor

from generation.starter import language
from generation.starter.captions import caption
from generation.starter.latents import LatentStore
from generation.starter.recipe import Budget, Crew, autocast, matrix_optimisers, save_atomically

CONFIG = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 4,
    "attention_head_dim": 64,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": language.WIDTH,
    "freq_dim": 128,
    "ffn_dim": 768,
    "num_layers": 6,
    "rope_max_seq_len": 64,
}
SHIFT = 2.0  # the scheduler's `shift`: how far the steps lean towards noise
SUBJECT_WEIGHT = 4.0
EMPTY_PROMPTS = 0.1
STRANGE_WORDS = 0.05  # prompts that carry a word the model cannot know, so that one does not throw it


class PaddedAttention(WanAttnProcessor):
    """Attention to MAX_WORDS words that comes out as the stock one to PIPELINE_WORDS does, for much less.

    The stock pipeline pads with zeros, unmasked, which take part in the softmax. They are all alike, so the last word,
    always padding, stands for all of them: its weight is multiplied by their number.
    """

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
        bias = hidden_states.new_zeros(1, 1, 1, language.MAX_WORDS)
        bias[..., -1] = math.log(language.PIPELINE_WORDS - language.MAX_WORDS + 1)
        return super().__call__(attn, hidden_states, encoder_hidden_states, bias, rotary_emb)


class Painter(torch.nn.Module):
    """The transformer and the text encoder, trained as one."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = WanTransformer3DModel(**CONFIG)
        self.reader = language.encoder()
        for block in self.transformer.blocks:
            block.attn2.set_processor(PaddedAttention())
        self._look_away_from_padding()

    @torch.no_grad()
    def _look_away_from_padding(self) -> None:
        """Begin with queries that point away from the key of a zero, else hundreds of zeros drown a dozen words."""
        projection = self.transformer.condition_embedder.text_embedder
        projection.linear_1.bias.zero_()
        projection.linear_2.bias.zero_()
        for block in self.transformer.blocks:
            away = torch.randn_like(block.attn2.to_k.bias).sign()
            block.attn2.to_k.bias.copy_(-0.03 * away)
            block.attn2.to_q.bias.copy_(away)


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
    crew: Crew,
    *,
    size: int = 32,
    fresh: int = 2,
    peak_rate: float = 2e-3,
    start: WanPipeline | None = None,
) -> Painter:
    """Train until the budget is spent and return the averaged networks.

    Resumes from `checkpoint`; without one, begins with the weights of `start`, or with none learnt. `size` clips a step
    are drawn from the store, which grows by `fresh` clips a step until it is full.
    """
    torch.manual_seed(1)
    painter = Painter().to(device)
    if start is not None:
        painter.transformer.load_state_dict(start.transformer.state_dict())
        painter.reader.load_state_dict(start.text_encoder.state_dict())
    tokenizers = [language.tokenizer() for _ in range(crew.size)]  # they cannot be shared between threads
    average = torch.optim.swa_utils.AveragedModel(
        painter, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998)
    )
    optimisers = matrix_optimisers(painter.named_parameters(), peak_rate, crew.map, keep="shared")
    parameters = list(painter.parameters())
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

    def part(number: int) -> torch.Tensor:
        seed = f"painter {steps} {number}"
        rng, dice = random.Random(seed), torch.Generator().manual_seed(random.Random(f"{seed} noise").getrandbits(60))
        latents, coverage, scenes = store.sample(np.random.default_rng(rng.getrandbits(60)), size // crew.size)
        clean = (latents.to(device) - mean) / deviation
        noise = torch.randn(clean.shape, generator=dice).to(device)
        sigma = torch.sigmoid(torch.randn(len(scenes), generator=dice)).to(device)
        sigma = SHIFT * sigma / (1 + (SHIFT - 1) * sigma)
        share = sigma.view(-1, 1, 1, 1, 1)
        text = language.tokens(tokenizers[number], _prompts(scenes, rng))
        with autocast(device):
            predicted = painter.transformer(
                (1 - share) * clean + share * noise,
                timestep=sigma * 1000,
                encoder_hidden_states=language.embed(painter.reader, text),
                return_dict=False,
            )[0]
        weight = 1 + (SUBJECT_WEIGHT - 1) * coverage.to(device).clamp(0, 0.5) * 2
        return ((predicted.float() - (noise - clean)).square() * weight).mean()

    began = saved = time.monotonic()
    losses: list[float] = []
    while not budget.is_over():
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = peak_rate * budget.rate(steps)
        loss = crew.backward([functools.partial(part, number) for number in range(crew.size)], parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in optimisers:
            optimiser.step()
        average.update_parameters(painter)
        store.grow(vae, crew, fresh)
        steps += 1
        budget.spend()
        losses.append(loss)
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
    if losses:  # a budget that was spent before leaves the checkpoint alone
        save()
    return average.module.eval()
