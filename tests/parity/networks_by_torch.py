"""Small networks as PyTorch has them: their weights, an input, and what they make of it. `python tests/parity/networks_by_torch.py`
writes them anew (needs torch), into files beside it, so that the tests need no PyTorch:

* networks_by_torch.npz: "network/weights/0.weight", "network/input", "network/output"; images channels last
* network_by_torch.pth, network_by_older_torch.pth: the weights of `convnet` as torch.save writes them, now and before version 1.6

Written with PyTorch 2.13.0.
"""
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def networks(torch):
    """{name: (module, shape of its input)}: with channels first, and in the mode of inference."""
    nn = torch.nn

    class Recurrent(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, x):
            return self.inner(x)[0]

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.attention, self.norm = nn.Embedding(9, 8), nn.MultiheadAttention(8, 2, batch_first=True), nn.LayerNorm(8)

        def forward(self, x):
            x = self.words(x)
            return self.norm(x + self.attention(x, x, x)[0])

    return {
        "convnet": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 3 * 2, 5)), (2, 3, 9, 7)),
        "normalized": (nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.Flatten(), nn.BatchNorm1d(3 * 3 * 2), nn.Dropout(), nn.Linear(18, 4)), (2, 2, 5, 4)),
        "kinds": (nn.Sequential(nn.Conv2d(4, 8, (3, 2), groups=4), nn.PReLU(8), nn.Conv2d(8, 6, 1, groups=2), nn.GroupNorm(3, 6),
                                nn.ConvTranspose2d(6, 5, (2, 3), stride=(2, 3))), (2, 4, 6, 5)),
        "series": (nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.ConvTranspose1d(4, 2, 2, stride=2)), (2, 3, 8)),
        "lstm": (Recurrent(nn.LSTM(3, 4, batch_first=True)), (2, 5, 3)),
        "both_ways": (Recurrent(nn.LSTM(3, 4, batch_first=True, bidirectional=True)), (2, 5, 3)),
        "gru": (Recurrent(nn.GRU(3, 4, batch_first=True)), (2, 5, 3)),
        "simple": (Recurrent(nn.RNN(3, 4, batch_first=True)), (2, 5, 3)),
        "attention": (Attention(), (2, 6)),
    }


def main():
    import torch
    torch.manual_seed(0)
    found = {}
    for name, (module, shape) in networks(torch).items():
        module = module.double().eval()
        for value in module.state_dict().values():           # statistics and scales of their own, not 0 and 1
            if value.is_floating_point() and value.ndim == 1:
                value.copy_(torch.rand_like(value) + 0.5)
        x = torch.randint(0, 9, shape) if name == "attention" else torch.randn(shape, dtype=torch.float64)
        with torch.no_grad():
            y = module(x)
        channels_first = name in ("convnet", "normalized", "kinds", "series")

        def ours(t, turn=channels_first):
            return np.moveaxis(t.numpy(), 1, -1) if turn and t.ndim > 2 else t.numpy()
        found |= {f"{name}/input": ours(x), f"{name}/output": ours(y)}
        found |= {f"{name}/weights/{key}": value.numpy() for key, value in module.state_dict().items()}
        if name == "convnet":
            torch.save(module.state_dict(), HERE / "network_by_torch.pth")
            torch.save({"epoch": 3, "state_dict": module.state_dict()}, HERE / "network_by_older_torch.pth",
                       _use_new_zipfile_serialization=False)
    np.savez_compressed(HERE / "networks_by_torch.npz", **found)


if __name__ == "__main__":
    main()
