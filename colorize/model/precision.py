"""bfloat16 where the processor multiplies it faster, float32 elsewhere."""

import os

import torch

VARIABLE = "COLORIZE_PRECISION"
"""``float32`` in this environment variable switches bfloat16 off, to compare."""


def fast_bfloat16() -> bool:
    """Tell whether this processor has instructions for bfloat16 products (AMX or AVX-512)."""
    if os.environ.get(VARIABLE) == "float32":
        return False
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))


def mixed_precision() -> torch.autocast:
    """Context in which convolutions run in bfloat16 where that is fast; weights stay float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16())
