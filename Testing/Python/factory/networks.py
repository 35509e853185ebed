"""Small ONNX networks, with what they compute in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MINIMAL = b"\x3a\x00"
"""A model of an empty graph: enough to be looked through, not enough to run."""


@dataclass(frozen=True)
class SmallNetwork:
    """A convolution of 3 x 3 x 3 voxels, instance normalisation, a rectifier and a convolution of one voxel.

    Attributes:
        first: (hidden, 1, 3, 3, 3) weights.
        scale: (hidden,) of the normalisation.
        last: (channels, hidden, 1, 1, 1) weights.
        bias: (channels,).
    """

    first: np.ndarray
    scale: np.ndarray
    last: np.ndarray
    bias: np.ndarray

    @classmethod
    def drawn(cls, channels: int = 2, hidden: int = 4, seed: int = 0) -> SmallNetwork:
        """Random weights that half precision holds exactly."""
        rng = np.random.default_rng(seed)
        shapes = ((hidden, 1, 3, 3, 3), (hidden,), (channels, hidden, 1, 1, 1), (channels,))
        return cls(*(rng.normal(size=shape).astype(np.float16).astype(np.float32) for shape in shapes))

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """Float64 logits (1, channels, z, y, x) of (1, 1, z, y, x)."""
        image = np.pad(array[0, 0].astype(np.float64), 1)
        windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3, 3))
        hidden = np.einsum("zyxabc,habc->hzyx", windows, self.first[:, 0].astype(np.float64))
        mean = hidden.mean(axis=(1, 2, 3), keepdims=True)
        spread = np.sqrt(hidden.var(axis=(1, 2, 3), keepdims=True) + 1e-5)
        hidden = np.maximum((hidden - mean) / spread * self.scale[:, None, None, None], 0.0)
        return (np.einsum("hzyx,ch->czyx", hidden, self.last[:, :, 0, 0, 0]) + self.bias[:, None, None, None])[None]

    def onnx(self, *, half: bool = False, domain: str = "", output: str = "logits") -> bytes:
        """The network as ONNX with free sizes.

        Args:
            half: store the weights in half precision and cast them in the graph, as shipped networks do.
            domain: of an additional operator, which no engine knows; empty for none.
            output: name of the output.
        """
        from onnx import TensorProto, helper

        nodes, stored = self._weights(half)
        nodes += [
            helper.make_node("Conv", ["image", "first"], ["a"], kernel_shape=[3, 3, 3], pads=[1] * 6),
            helper.make_node("InstanceNormalization", ["a", "scale", "zero"], ["b"], epsilon=1e-5),
            helper.make_node("Relu", ["b"], ["c"]),
            helper.make_node("Conv", ["c", "last", "bias"], [output], kernel_shape=[1, 1, 1]),
        ]
        if domain:
            nodes.append(helper.make_node("Anything", [output], ["more"], domain=domain))
        free = [1, 1, "z", "y", "x"]
        graph = helper.make_graph(
            nodes,
            "small",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, free)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, len(self.bias), *free[2:]])],
            stored,
        )
        return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()

    def _weights(self, half: bool) -> tuple[list, list]:
        from onnx import TensorProto, helper, numpy_helper

        arrays = {"first": self.first, "scale": self.scale, "last": self.last, "bias": self.bias}
        arrays["zero"] = np.zeros_like(self.scale)
        if not half:
            return [], [numpy_helper.from_array(array, name) for name, array in arrays.items()]
        casts = [helper.make_node("Cast", [f"{name}_16"], [name], to=TensorProto.FLOAT) for name in arrays]
        return casts, [numpy_helper.from_array(a.astype(np.float16), f"{name}_16") for name, a in arrays.items()]


def with_external_weights(model: bytes, location: str) -> bytes:
    """The same network with its first weights in another file, as a hostile one might name any."""
    import onnx

    proto = onnx.load_from_string(model)
    weights = proto.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", location
    return proto.SerializeToString()
