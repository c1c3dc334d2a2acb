"""Record P-Net: its weights, one picture, and what PyTorch makes of it.

    python tests/pretrained/record.py PICTURE

writes `p_net/weights.safetensors` and `p_net/recorded.safetensors`; see the README there. Needs
Pillow, besides what `references.py` needs.
"""

import sys
from pathlib import Path

import numpy as np
import references
import torch
from PIL import Image

from neural_net_core import save_tensors

FOLDER = Path(__file__).parent / "p_net"
WIDTH, HEIGHT = 41, 48  # the face is about 17 pixels wide then; P-Net looks at 12


def main(picture: str) -> None:
    """Write both files."""
    network = references.mtcnn()["PNet"]
    small = Image.open(picture).convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    pixels = np.asarray(small)
    x = torch.from_numpy((pixels.astype(np.float32) - 127.5) / 128).permute(2, 0, 1)[None]
    with torch.no_grad():
        boxes, probabilities = network(x)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    save_tensors(FOLDER / "weights.safetensors", weights)
    outputs = {"boxes": boxes.numpy(), "probabilities": probabilities.numpy()}
    save_tensors(FOLDER / "recorded.safetensors", {"pixels": pixels, **outputs})


if __name__ == "__main__":
    main(*sys.argv[1:])
