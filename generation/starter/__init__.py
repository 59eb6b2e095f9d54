"""The starter model: a small text-to-video diffusion model of our own, and the small world it was taught.

`vocabulary` says what it knows (free of torch, so that the web process may ask), `world` draws it, `captions` puts it
into words, `vae_training` and `transformer_training` teach it, `score` measures what it learned, and `model/` holds
the weights as an ordinary diffusers folder.
"""
