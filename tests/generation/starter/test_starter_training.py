"""Training from nothing to a folder any diffusers program loads, in seconds: one step of everything."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, WanPipeline
from diffusers.models.transformers.transformer_wan import WanAttnProcessor

from generation.starter import language, recipe, train, transformer_training, vae_training, world
from generation.starter.latents import CHANNELS, COLUMNS, ROWS, STEPS, LatentStore
from generation.starter.recipe import Budget, Crew

CPU = torch.device("cpu")
ONE_STEP = 1e-7  # minutes: over after the first step


@pytest.fixture(scope="module")
def crew() -> Crew:
    return Crew(CPU)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory, crew: Crew) -> Path:
    """What a training of one step of everything leaves behind, with the model it exports."""
    folder = tmp_path_factory.mktemp("workshop")
    vae = vae_training.train(folder / "vae.pt", Budget(ONE_STEP), CPU, crew, size=crew.size)
    store = LatentStore(folder / "latents", capacity=5)
    store.grow(vae, crew, 4)
    painter = transformer_training.train(
        folder / "painter.pt", store, vae, Budget(ONE_STEP), CPU, crew, size=crew.size, fresh=1
    )
    train.export(painter, vae, store, folder / "model")
    return folder


def steps_of(checkpoint: Path) -> int:
    return torch.load(checkpoint, weights_only=True)["steps"]


def test_the_exported_folder_is_a_stock_pipeline_that_renders(workshop: Path) -> None:
    pipeline = DiffusionPipeline.from_pretrained(workshop / "model", torch_dtype=torch.float32)
    assert type(pipeline) is WanPipeline
    pipeline.set_progress_bar_config(disable=True)
    clips = [
        pipeline(
            prompt="a red balloon rises over the sea at night",
            height=world.HEIGHT,
            width=world.WIDTH,
            num_frames=world.FRAMES,
            num_inference_steps=1,
            guidance_scale=1.0,
            generator=torch.Generator("cpu").manual_seed(7),
            output_type="np",
        ).frames[0]
        for _ in range(2)
    ]
    assert clips[0].shape == (world.FRAMES, world.HEIGHT, world.WIDTH, 3)
    assert np.array_equal(clips[0], clips[1])


def test_the_exported_weights_are_half_precision_safetensors_within_the_limit(workshop: Path) -> None:
    files = [file for file in (workshop / "model").rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= train.LIMIT
    weights = [file for file in files if file.suffix in (".safetensors", ".bin", ".pt")]
    assert {file.suffix for file in weights} == {".safetensors"}
    for file in weights:
        with file.open("rb") as opened:
            header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        assert {entry["dtype"] for name, entry in header.items() if name != "__metadata__"} == {"F16"}


def test_training_resumes_where_it_stopped(workshop: Path, crew: Crew) -> None:
    """A spent budget does nothing more; a larger one goes on from the checkpoint."""
    before = steps_of(workshop / "vae.pt")
    vae = vae_training.train(workshop / "vae.pt", Budget(ONE_STEP), CPU, crew, size=crew.size)
    assert steps_of(workshop / "vae.pt") == before
    spent = torch.load(workshop / "vae.pt", weights_only=True)["spent"]
    vae_training.train(workshop / "vae.pt", Budget(spent + ONE_STEP), CPU, crew, size=crew.size)
    assert steps_of(workshop / "vae.pt") == before + 1

    store = LatentStore(workshop / "latents", capacity=5)
    assert len(store) == 5  # four at first and one in the first step
    spent = torch.load(workshop / "painter.pt", weights_only=True)["spent"]
    transformer_training.train(workshop / "painter.pt", store, vae, Budget(spent + ONE_STEP), CPU, crew, size=crew.size)
    assert steps_of(workshop / "painter.pt") == 2
    assert len(store) == 5


def test_a_model_is_taught_further_from_the_weights_it_has(workshop: Path, crew: Crew, tmp_path: Path) -> None:
    start = WanPipeline.from_pretrained(workshop / "model", torch_dtype=torch.float32)
    with torch.no_grad():  # away from where every training from nothing begins
        for network in (start.vae, start.transformer, start.text_encoder):
            for parameter in network.parameters():
                parameter.add_(0.05)
    vae = vae_training.train(tmp_path / "vae.pt", Budget(ONE_STEP), CPU, crew, size=crew.size, start=start.vae)
    store = LatentStore(workshop / "latents", capacity=5)
    painter = transformer_training.train(
        tmp_path / "painter.pt", store, vae, Budget(ONE_STEP), CPU, crew, size=crew.size, start=start
    )
    for taught, before in (
        (vae, start.vae),
        (painter.transformer, start.transformer),
        (painter.reader, start.text_encoder),
    ):
        held = before.state_dict()
        assert max((value - held[name]).abs().max() for name, value in taught.state_dict().items()) < 0.01


def test_latents_are_stored_with_their_scenes_and_where_the_subject_is(workshop: Path) -> None:
    store = LatentStore(workshop / "latents", capacity=5)
    latents, coverage, scenes = store.sample(np.random.default_rng(1), 3)
    assert latents.shape == (3, CHANNELS, STEPS, ROWS, COLUMNS)
    assert coverage.shape == (3, 1, STEPS, ROWS, COLUMNS)
    assert 0 < coverage.mean() < 0.5
    assert not any(world.is_held_out(scene) for scene in scenes)
    assert store.scenes[2] == world.random_scene(random.Random("latent 2"))


def test_a_death_while_saving_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "some.pt"
    recipe.save_atomically({"steps": 1}, path)

    def die_half_way(state: dict, file: Path) -> None:
        file.write_bytes(b"half a check")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", die_half_way)
    with pytest.raises(KeyboardInterrupt):
        recipe.save_atomically({"steps": 2}, path)
    assert steps_of(path) == 1


def test_a_death_while_clips_are_encoded_loses_only_those(workshop: Path) -> None:
    """Rows count by their scenes, which are written last."""
    lines = (workshop / "latents" / "scenes.jsonl").read_text().splitlines()
    assert len(LatentStore(workshop / "latents", capacity=5)) == len(lines)


def test_the_rate_warms_up_holds_and_falls() -> None:
    budget = Budget(10)
    assert budget.rate(0) == pytest.approx(1 / recipe.WARM_UP)
    assert budget.rate(recipe.WARM_UP) == 1.0
    budget.spent = 6.4
    assert budget.rate(10_000) == 1.0
    budget.spent = 10
    assert budget.rate(10_000) == pytest.approx(0.02)
    assert budget.is_over()


def test_training_attends_as_the_stock_pipeline_will() -> None:
    """One weighted place of padding in training is worth the hundreds of zeros that the stock pipeline pads with."""
    torch.manual_seed(3)
    painter = transformer_training.Painter().eval()
    noise, time = torch.randn(1, CHANNELS, STEPS, ROWS, COLUMNS), torch.tensor([500.0])
    with torch.no_grad():
        words = language.embed(painter.reader, language.tokens(language.tokenizer(), ["a red balloon rises"]))
        taught = painter.transformer(noise, time, words, return_dict=False)[0]
        for block in painter.transformer.blocks:
            block.attn2.set_processor(WanAttnProcessor())
        padding = torch.zeros(1, language.PIPELINE_WORDS - language.MAX_WORDS, language.WIDTH)
        stock = painter.transformer(noise, time, torch.cat([words, padding], 1), return_dict=False)[0]
    assert torch.allclose(taught, stock, atol=1e-4)


def test_muon_steps_are_orthogonal_whatever_the_gradient() -> None:
    torch.manual_seed(4)
    weight = torch.nn.Parameter(torch.zeros(24, 2, 3, 3, 3))
    weight.grad = torch.randn_like(weight) * 1e-4
    recipe.Muon([weight], lr=1.0).step()
    sizes = torch.linalg.svdvals(weight.detach().flatten(1)) / (0.2 * 54**0.5)
    assert ((sizes > 0.6) & (sizes < 1.3)).all()


def test_a_crew_leaves_the_mean_gradient(crew: Crew) -> None:
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    loss = crew.backward([lambda: (weight * 3).sum(), lambda: (weight * 5).sum()], [weight])
    assert loss == pytest.approx(8)
    assert weight.grad.tolist() == [4.0]
