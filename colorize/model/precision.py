"""Chooses device and precision: bfloat16 where it is faster, else float32."""

import os

import torch

VARIABLE = "COLORIZE_PRECISION"
"""``float32`` in this environment variable switches bfloat16 off, to compare."""

CPU = torch.device("cpu")


def best_device() -> torch.device:
    """Give a GPU of CUDA where there is one, the current one of several; else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bfloat16(device: torch.device = CPU) -> bool:
    """Tell whether a device has instructions for bfloat16 products (AMX or AVX-512; Ampere)."""
    if os.environ.get(VARIABLE) == "float32":
        return False
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("amx_bf16", "avx512_bf16"))


def mixed_precision(device: torch.device = CPU) -> torch.autocast:
    """Context in which convolutions run in bfloat16 where that is fast; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast_bfloat16(device))


def describe(device: torch.device) -> str:
    """Say in a few words where networks run and how."""
    name = "the processor" if device.type == "cpu" else torch.cuda.get_device_name(device)
    if fast_bfloat16(device):
        return f"on {name}, in bfloat16"
    asked = os.environ.get(VARIABLE) == "float32"
    why = f"as {VARIABLE} asks" if asked else "because it multiplies bfloat16 no faster"
    return f"on {name}, in float32, {why}"
