"""The starter model's reading: a word-level tokenizer and a small UMT5 encoder over it."""

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from generation.starter.vocabulary import PLURALS, VOCABULARY

MAX_WORDS = 32  # what training pads a prompt to; the longest caption leaves a place free
PIPELINE_WORDS = 512  # what the stock pipeline pads a prompt to: its default `max_sequence_length`
WIDTH = 128


def tokenizer() -> PreTrainedTokenizerFast:
    """Lower case, letters only, plurals as singulars, one id a word; what was never taught is `<unk>`."""
    vocabulary = {word: number for number, word in enumerate(("<pad>", "</s>", "<unk>", *VOCABULARY))}
    reader = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    reader.normalizer = normalizers.Sequence(
        [normalizers.Lowercase()]
        + [normalizers.Replace(Regex(rf"\b{plural}\b"), word) for plural, word in PLURALS.items()]
    )
    reader.pre_tokenizer = pre_tokenizers.Split(Regex("[a-z]+"), "removed", invert=True)
    reader.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=reader,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=PIPELINE_WORDS,
    )


def encoder() -> UMT5EncoderModel:
    """An untrained UMT5 encoder of two layers; it is taught together with the transformer."""
    return UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(VOCABULARY) + 3,
            d_model=WIDTH,
            d_kv=32,
            d_ff=256,
            num_layers=2,
            num_heads=4,
            dropout_rate=0.0,
            pad_token_id=0,
            eos_token_id=1,
            is_encoder_decoder=False,
        )
    )


def tokens(reader: PreTrainedTokenizerFast, prompts: list[str]) -> dict[str, torch.Tensor]:
    """`input_ids` and `attention_mask` of prompts, both (count, MAX_WORDS)."""
    return dict(reader(prompts, padding="max_length", max_length=MAX_WORDS, truncation=True, return_tensors="pt"))


def embed(network: UMT5EncoderModel, text: dict[str, torch.Tensor]) -> torch.Tensor:
    """Tokens as (count, MAX_WORDS, WIDTH), zeros after the last word.

    The stock WanPipeline hands the transformer zeros, unmasked, in place of padding: so must the training.
    """
    mask = text["attention_mask"].to(network.device)
    states = network(text["input_ids"].to(network.device), mask).last_hidden_state
    return states * mask.unsqueeze(-1)
