"""Tiny models with random weights, saved as real diffusers folders, and the catalogue files that offer them.

Torch is imported only where a model is made: most tests, and the processes they start, do without.
"""

from pathlib import Path

WORDS = ("<pad>", "</s>", "<unk>", "a", "red", "balloon")


def save_video_model(folder: Path) -> None:
    """A WanPipeline of some ten thousand parameters: 16 px steps, frames 4k + 1, milliseconds a step."""
    import torch
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanPipeline, WanTransformer3DModel
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

    torch.manual_seed(0)
    reader = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    reader.pre_tokenizer = pre_tokenizers.Whitespace()
    WanPipeline(
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=reader, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=16
        ),
        text_encoder=UMT5EncoderModel(
            UMT5Config(vocab_size=len(WORDS), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
        ).eval(),
        transformer=WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=1,
            attention_head_dim=12,
            in_channels=4,
            out_channels=4,
            text_dim=16,
            freq_dim=16,
            ffn_dim=16,
            num_layers=1,
            rope_max_seq_len=32,
        ),
        vae=AutoencoderKLWan(
            base_dim=4,
            z_dim=4,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        scheduler=UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=1.0),
    ).save_pretrained(folder)


def save_image_model(folder: Path) -> None:
    """A StableDiffusionPipeline, as an example of those that make one picture."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(0)
    letters = {chr(code) for code in range(ord("a"), ord("z") + 1)}
    vocabulary = ["<|startoftext|>", "<|endoftext|>", *sorted(letters), *sorted(f"{one}</w>" for one in letters)]
    tokenizer = CLIPTokenizer(vocab={word: number for number, word in enumerate(vocabulary)}, merges=[])
    tokenizer.model_max_length = 16
    StableDiffusionPipeline(
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(vocabulary),
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=16,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=1,
            )
        ),
        unet=UNet2DConditionModel(
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=4,
            in_channels=4,
            out_channels=4,
        ),
        vae=AutoencoderKL(
            block_out_channels=(8, 8),
            norm_num_groups=4,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
        ),
        scheduler=DDIMScheduler(),
        safety_checker=None,
        feature_extractor=None,
        image_encoder=None,
    ).save_pretrained(folder)


def write_entry(catalogue: Path, id: str, source: str, **changes: object) -> None:
    """A catalogue file for a tiny video model; `changes` replace its fields, given as TOML."""
    fields = {
        "id": f'"{id}"',
        "title": f'"{id}"',
        "source": f'"{source}"',
        "revision": '"1"',
        "kind": '"video"',
        "fps": '"8"',
        "lengths": "[5, 9]",
        "frame_rule": "{ multiple = 4, offset = 1 }",
        "steps": "2",
        "max_steps": "500",
        "guidance": "1.0",
        "sizes": "[{ width = 32, height = 16, rate = 1 }]",
    } | changes
    catalogue.mkdir(parents=True, exist_ok=True)
    (catalogue / f"{id}.toml").write_text("\n".join(f"{name} = {value}" for name, value in fields.items()))


def write_models(root: Path) -> Path:
    """Both models under `root`, with their catalogue, whose folder is returned."""
    save_video_model(root / "tiny-video")
    save_image_model(root / "tiny-image")
    catalogue = root / "catalogue"
    write_entry(catalogue, "tiny-video", str(root / "tiny-video"))
    write_entry(
        catalogue,
        "tiny-image",
        str(root / "tiny-image"),
        kind='"image"',
        fps='"1"',
        lengths="[1]",
        frame_rule="{ multiple = 1, offset = 0 }",
        sizes="[{ width = 40, height = 24, rate = 1 }]",
    )
    return catalogue
