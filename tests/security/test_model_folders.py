"""A model folder is loaded as numbers, never as a program."""

import pytest

from generation import catalogue
from generation.errors import ModelBroken
from tests.generation import tiny


def test_weights_that_were_pickled_are_not_loaded(tmp_path, settings):
    import torch
    from safetensors.torch import load_file

    from generation.engine import Engine

    settings.TORCH_THREADS = 1
    settings.CATALOGUE = tiny.write_models(tmp_path)
    weights = tmp_path / "tiny-image" / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelBroken):
        Engine("cpu").load(catalogue.get("tiny-image"))
