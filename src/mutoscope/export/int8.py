"""The velocity graph with int8 products: derived from the fp32 one, its weights quantised by whoever opens it.

A product `x @ W` becomes the nodes that ONNX Runtime fuses into one: x is quantised to uint8 by its own least and largest value
(DynamicQuantizeLinear), W comes from outside as int8 (`W@int8`) with a scale a column (`W@scale`), and sums are int32. The
runtime makes both of the stored weights, adapters merged, so the weights file stays as it is.

Not every product is: inputs of `mlp.down` and of the first block have outliers that one scale cannot hold (ADR 15).
"""

import re
from collections.abc import Iterator
from typing import Any

KEPT = re.compile(r"transformer\.blocks\.(0\.|\d+\.mlp\.down\.)")  # products that stay fp32
IN_BLOCKS = re.compile(r"transformer\.blocks\.")


def quantise_products(velocity: bytes) -> tuple[bytes, list[str]]:
    """Return the velocity graph with int8 products in its blocks, and the names of the constants it takes from outside."""
    import onnx

    model = onnx.load_from_string(velocity)
    graph = model.graph
    outside = {constant.name: constant for constant in graph.initializer if constant.external_data}
    weights = {name for name in outside if IN_BLOCKS.match(name) and not KEPT.match(name)}
    nodes: list[Any] = []
    quantised: set[str] = set()  # inputs: q, k and v share one
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            nodes.append(node)
            continue
        if node.input[0] not in quantised:
            quantised.add(node.input[0])
            nodes.append(_quantise(node.input[0]))
        nodes.extend(_multiply(node.input[0], node.input[1], node.output[0]))
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    for name in sorted(weights - used):
        graph.initializer.remove(outside[name])
        graph.initializer.extend(_constants(outside[name]))
    return model.SerializeToString(), sorted(one.name for one in graph.initializer if one.external_data)


def _quantise(name: str) -> Any:
    from onnx import helper

    return helper.make_node("DynamicQuantizeLinear", [name], [f"{name}_q", f"{name}_s", f"{name}_z"])


def _multiply(left: str, weight: str, result: str) -> Iterator[Any]:
    """Yield the nodes of `left @ weight` on the quantised left; the weight's zero point is 0."""
    from onnx import TensorProto, helper

    sums, floats, scale = f"{result}_i", f"{result}_f", f"{result}_s"
    yield helper.make_node("MatMulInteger", [f"{left}_q", f"{weight}@int8", f"{left}_z"], [sums])
    yield helper.make_node("Cast", [sums], [floats], to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{left}_s", f"{weight}@scale"], [scale])
    yield helper.make_node("Mul", [floats, scale], [result])


def _constants(weight: Any) -> Iterator[Any]:
    """Yield the declarations of a weight's int8 numbers and scales."""
    from onnx import TensorProto

    for how, kind, dims in (("int8", TensorProto.INT8, weight.dims), ("scale", TensorProto.FLOAT, weight.dims[-1:])):
        constant = TensorProto(name=f"{weight.name}@{how}", data_type=kind, dims=dims)
        constant.data_location = TensorProto.EXTERNAL
        constant.external_data.add(key="location", value=constant.name)
        yield constant
