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

from neural_net_core import save_tensors

FOLDER = Path(__file__).parent / "p_net"
WIDTH, HEIGHT = 34, 40  # the face is about as large then as the 12 pixels that P-Net looks at


def main(picture: str) -> None:
    """Write both files."""
    from PIL import Image  # here, so that a test run without Pillow can read this file

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
