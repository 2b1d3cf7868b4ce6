"""How a `config.json` says that its weights are written: the format, its bits, and what one weight takes with its scales.

Formats and keys as in transformers 5.24 (`utils/quantization_config.py`) and vLLM (`quantization/`). A file whose format doesn't
tell its bits is read all the same, and that is said: neither cache nor parameters depend on it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from physics.hub_layers import Config
from physics.hub_text import ConfigError, shown

QUANTISED = ("quantization_config", "compression_config", "quantization")
LOADED = ((4, ("load_in_4bit", "_load_in_4bit")), (8, ("load_in_8bit", "_load_in_8bit")))  # bitsandbytes
COUNTS = ("bits", "w_bit", "weight_bits", "nbits", "wbits", "bit_width")
LEFT_OUT = (
    "modules_to_not_convert", "ignore", "ignored_layers", "exclude", "exclude_modules", "exclude_layers", "skip_modules",
    "llm_int8_skip_modules",
)  # fmt: skip
FLOATS = {
    "bfloat16": "BF16",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "float8_e4m3fn": "FP8",
    "half": "FP16",
}
NAMED = {
    "mxfp4": "MXFP4",
    "mxfp8": "MXFP8",
    "nvfp4": "NVFP4",
    "fp8": "FP8",
    "fbgemm_fp8": "FP8",
    "finegrained_fp8": "FP8",
    "bitnet": "1.58 bit",
}
# Bits that a weight takes with its scales. MX: 8 bits for 32 weights (OCP Microscaling 1.0); NVFP4: 8 for 16 (TensorRT Model
# Optimizer); four of BitNet's three-valued weights share a byte.
WIDTHS = {"MXFP4": 4 + 8 / 32, "MXFP8": 8 + 8 / 32, "NVFP4": 4 + 8 / 16, "FP8": 8.0, "1.58 bit": 2.0}
FORM = re.compile(r"\b(?:MXFP[48]|NVFP4|FP8)\b", re.IGNORECASE)
# The bits in a format's own word: "int4", "uint3", "fp8_e4m3", "float8", "W4A16"; of "Int8DynamicActivationInt4Weight" the last.
WORD = re.compile(r"(?:int|fp|float)(\d{1,2})(?!\d)|(?<![a-z])w(\d{1,2})a\d", re.IGNORECASE)
PACKED = {1: 1.0, 2: 2.0, 3: 3.2, 4: 4.0, 5: 8.0, 6: 8.0, 8: 8.0}  # HQQ's `core/bitpack.py`: ten of 3 bits in 32
WHOLE = {
    "mxfp4": "attention",
    "mlx": "none",
}  # experts alone have kernels for the one, the other takes tables and head too
FEW_MATRICES = 0.05  # of a mixed file's, which don't give it its name
MOST_BITS, MOST_CODES = 32, 1 << 20
ATTENTION = re.compile(r"(?:^|[._*])(?:self_)?att(?:n|ention)(?:\W*$|\.(?:o|out)_proj)")
LAYER = re.compile(r"layers\.(\d+)\.")


@dataclass(frozen=True)
class Written:
    """said: the format in the makers' words, "FP8" or "awq, 4 bit", "" where the file says nothing. bits: what one quantised
    weight takes, its scales included, 0.0 where that isn't known. left: see Model.wide_part."""

    said: str
    bits: float = 0.0
    left: str = ""


@dataclass(frozen=True)
class Part:
    """Some of a file's matrices: bits of a weight, and with its scales (0.0: not known)."""

    bits: float
    width: float = 0.0


def written(whole: Mapping[str, Any], table: Mapping[str, Any], layers: int, matrix: float) -> Written:
    """What a file says of its weights. matrix: weights of a usual one, among which a code book is shared.

    Raises ConfigError for a number of bits that is none.
    """
    found = next((at[key] for key in QUANTISED for at in (whole, table) if at.get(key)), None)
    if not isinstance(found, Mapping):
        return Written(shown(str(found), 30) if found else _kept(whole, table))
    inner = found.get("quantization")  # ModelOpt's own file, put in whole
    found = {**found, **inner} if isinstance(inner, Mapping) else found
    method = _method(found, any(at.get("quantization") for at in (whole, table)))
    online = found.get("quantization_mode") == "online"  # BitNet's at 16 bits, rounded whenever they are read
    if online or (method == "modelopt" and not any(found.get(key) for key in ("quant_algo", "config_groups"))):
        return Written(_kept(whole, table))  # ModelOpt's of the cache alone
    left = WHOLE.get(method) or _left(found, layers)
    if method in NAMED:
        return Written(NAMED[method], WIDTHS[NAMED[method]], left)
    parts, algorithm = [part for part in _parts(method, found, matrix) if part.bits], _algorithm(found)
    name = shown(algorithm or method, 30)
    if not parts and not algorithm:
        parts = [Part(bits) for bits in _spelled(method)]
    told = " and ".join(f"{bits:g}" for bits in sorted({round(part.bits, 2) for part in parts}))
    widths = {part.width for part in parts}
    form = FORM.fullmatch(name)
    width = WIDTHS[form[0].upper()] if form else widths.pop() if len(widths) == 1 else 0.0
    said = ", ".join(filter(None, (name, told and f"{told} bit")))
    return Written(said or "quantization_config", width, left)


def _kept(whole: Mapping[str, Any], table: Mapping[str, Any]) -> str:
    """The type of unquantised weights. ModelOpt may say its own in hf_quant_config.json alone; then only a name gives it away."""
    kept = next(
        (at[key] for at in (table, whole) for key in ("dtype", "torch_dtype") if isinstance(at.get(key), str)), ""
    )
    said = FLOATS.get(kept.removeprefix("torch."), shown(kept, 20))
    named = FORM.search(str(whole.get("_name_or_path")).rpartition("/")[2].replace("_", "-"))
    return f"{said} (its name: {named[0]})" if said and named and said not in ("FP8",) else said


def _method(found: Mapping[str, Any], is_mlx: bool) -> str:
    """The format's name in small letters, "" where the file has none."""
    named = [found.get(key) for key in ("quant_method", "quant_algo")]
    method = next((name for name in named if isinstance(name, str) and name), None)
    if method is not None:
        return method
    if any(found.get(key) for _, keys in LOADED for key in keys):
        return "bitsandbytes"
    return "mlx" if is_mlx and found.get("group_size") and found.get("bits") else ""  # others write bits alone, too


def _algorithm(found: Mapping[str, Any]) -> str:
    """What ModelOpt calls the weights' form; of a mixed file the form that nearly all of its matrices have, else each."""
    layers = found.get("quantized_layers")
    if not isinstance(layers, Mapping) or not layers:
        said = found.get("quant_algo")
        return said if isinstance(said, str) else ""
    forms = Counter(str(at.get("quant_algo")) for at in layers.values() if isinstance(at, Mapping))
    most, count = forms.most_common(1)[0] if forms else ("", 0)
    return most if count > (1 - FEW_MATRICES) * len(layers) else " and ".join(sorted(forms))


def _left(found: Mapping[str, Any], layers: int) -> str:
    """Whether attention stays wide: in a pattern for every layer, or named in at least half of them."""
    names = [str(name) for key in LEFT_OUT if isinstance(found.get(key), list) for name in found[key]]
    names = [name for name in names if ATTENTION.search(name) and "vis" not in name]
    numbers = [LAYER.search(name) for name in names]
    alone = {number[1] for number in numbers if number}
    return "attention" if None in numbers or (alone and 2 * len(alone) >= layers) else ""


def _spelled(word: Any) -> list[float]:
    """The bits in a format's own word, if any: of several the last, which are the weights'."""
    found = WORD.findall(str(word))
    bits = [float(number) for pair in found[-1:] for number in pair if number]
    return [size for size in bits if 0 < size <= 16]


# --- The formats -------------------------------------------------------------------------------------------------------


def _parts(method: str, found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """What is said of the weights, once for each form that they have."""
    own = OWN.get(method)
    if own:
        yield from own(found, matrix)
        return
    yield from _grouped(method, found)
    groups = found.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        if isinstance(weights, Mapping):
            yield from _compressed(weights, str(group.get("format") or found.get("format")), found)


def _number(table: Mapping[str, Any], *names: str, path: str = "", default: int = 0, most: int = MOST_CODES) -> int:
    """A whole number by one of its names. Raises ConfigError, which names the key."""
    keys = [f"quantization_config.{path}{name}" for name in names]
    stated = {key: table[name] for key, name in zip(keys, names, strict=True) if table.get(name) is not None}
    return Config(stated).count(*keys, default=default, most=most)


def _bits(table: Mapping[str, Any], *names: str, path: str = "") -> int:
    """Bits of a weight by one of their names, 0 if none is set. Raises ConfigError for 0, and for what is no number of bits."""
    bits = _number(table, *names, path=path, most=MOST_BITS)
    if not bits and any(table.get(name) is not None for name in names):
        raise ConfigError("too_low", key=f"quantization_config.{path}bits", found="0")
    return bits


def _group(table: Mapping[str, Any], usual: int = 0) -> int:
    """Weights of a group, 0 where a whole row or column is one."""
    size = next((table[name] for name in ("group_size", "q_group_size") if table.get(name) is not None), usual)
    return size if isinstance(size, int) and size > 0 else 0


def _with(bits: float, scales: float, group: int) -> float:
    """Bits of a weight with its group's scales, in bits a group. Those of whole rows are too few to count."""
    return bits + (scales / group if group else 0.0)


def _grouped(method: str, found: Mapping[str, Any]) -> Iterator[Part]:
    """One number of bits for all. A group of AWQ's and GPTQ's has a 16-bit scale and a zero of the weights' bits, MLX's two of
    16 bits, HIGGS's one (flute, 256 weights); bitsandbytes' 64 weights have 32 bits, or 8 and their own, doubly quantised."""
    marked = Config({f"quantization_config.{key}": value for key, value in found.items()})
    for size, names in LOADED:
        asked = [marked.flag(f"quantization_config.{name}", False) for name in names]
        if True in asked:
            double = found.get("bnb_4bit_use_double_quant") is True
            yield Part(size, 8.0 if size == 8 else _with(4, 8 + 32 / 256 if double else 32, 64))
    mean = found.get("bits")
    if method in ("exl2", "exl3") and isinstance(mean, int | float) and 1 < mean <= MOST_BITS:  # rarely whole
        yield Part(mean, float(mean))
        return
    bits = _bits(found, *COUNTS)
    group = _group(found, 256 if method == "higgs" else 0)
    mode = str(found.get("mode", "affine"))
    if method == "mlx" and mode != "affine":
        yield Part(bits, WIDTHS.get(mode.upper(), 0.0))
    elif bits:
        scales = {"mlx": 32, "higgs": 16}.get(method, 16 + bits)
        known = method in ("mlx", "higgs") or re.search(
            "awq|gptq|auto.?round", method
        )  # GPTQModel's "dynamic" are exceptions
        yield Part(bits, _with(bits, scales, group) if known and not found.get("dynamic") else 0.0)
    for name, at in found.items():  # MLX's layers of their own
        if method == "mlx" and isinstance(at, Mapping) and at.get("bits"):
            own = _bits(at, "bits", path=f"{name}.")
            yield Part(own, _with(own, 32, _group(at, group)))


def _compressed(weights: Mapping[str, Any], form: str, found: Mapping[str, Any]) -> Iterator[Part]:
    """compressed-tensors' and ModelOpt's groups of matrices: MX and NV scales have 8 bits, others 16, and a zero if asked."""
    bits, group = _bits(weights, "num_bits", *COUNTS, path="config_groups.weights."), _group(weights)
    small = weights.get("type") == "float" and group and group <= 32
    scales = 8 if small else 16 + (bits if weights.get("symmetric") is False else 0)
    sparse = found.get("sparsity_config")
    dense = not isinstance(sparse, Mapping) or sparse.get("format", "dense") == "dense"
    if bits:
        yield Part(bits, _with(bits, scales, group) if dense and "marlin-24" not in form else 0.0)


def _hqq(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """HQQ: a scale and a zero for each group, of 16 bits unless they are quantised themselves to 8."""
    config = found.get("quant_config")
    table = config if isinstance(config, Mapping) else {"weight_quant_params": found}
    for at in [table] if "weight_quant_params" in table else list(table.values()):
        weights = at.get("weight_quant_params") if isinstance(at, Mapping) else None
        if isinstance(at, Mapping) and isinstance(weights, Mapping):
            bits = _bits(weights, "nbits", "bits", path="quant_config.")
            scales = sum(8 if at.get(f"{name}_quant_params") else 16 for name in ("scale", "zero"))
            packed = PACKED.get(bits)
            yield Part(bits, _with(packed, scales, _group(weights)) if packed else 0.0)


def _quark(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """AMD Quark: one form for all matrices, and others by name. Of a list of stages the narrowest is what is stored."""
    tables = [found.get("global_quant_config")]
    for key in ("layer_quant_config", "layer_type_quant_config"):
        tables += found[key].values() if isinstance(found.get(key), Mapping) else ()
    for table in tables:
        weights = table.get("weight") if isinstance(table, Mapping) else None
        stages = [at for at in (weights if isinstance(weights, list) else [weights]) if isinstance(at, Mapping)]
        forms = [(bits, at) for at in stages for bits in _spelled(at.get("dtype"))]
        if forms:
            bits, at = min(forms, key=lambda form: form[0])
            small = at.get("scale_format") in ("e8m0", "e4m3") or at.get("scale_type") == "e8m0"
            zero = bits if str(at.get("dtype")).startswith("u") and at.get("symmetric") is not True else 0
            yield Part(bits, _with(bits, 8 if small else 16 + zero, _group(at) if len(stages) == 1 else 0))


def _torchao(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """torchao: a class's name, or classes with their arguments, one for all or one for each name. Those with an activation of
    8 bits keep weights of fewer bits a byte each, and say no width."""
    kind, arguments = found.get("quant_type"), found.get("quant_type_kwargs")
    if isinstance(kind, str):
        yield from _torchao_part(kind, arguments if isinstance(arguments, Mapping) else {})
    for table in kind.values() if isinstance(kind, Mapping) else ():
        inner = table.get("_data") if isinstance(table, Mapping) else None
        inner = inner if isinstance(inner, Mapping) else {}
        named = next((inner[key] for key in inner if key.endswith("fqn_to_config")), None)
        for at in named.values() if isinstance(named, Mapping) else [table]:
            if isinstance(at, Mapping):
                data = at.get("_data")
                yield from _torchao_part(str(at.get("_type")), data if isinstance(data, Mapping) else {})


def _torchao_part(kind: str, arguments: Mapping[str, Any]) -> Iterator[Part]:
    name = kind.lower().replace("_", "")
    dtype = next((arguments[key] for key in ("weight_dtype", "dtype") if arguments.get(key)), None)
    bits = [float(_bits(arguments, "bit_width", "bits"))]
    bits = bits if bits[0] else _spelled(dtype.get("_data") if isinstance(dtype, Mapping) else dtype) or _spelled(name)
    for size in bits:
        width = 0.0
        if "nvfp4" in name or "mx" in name:
            width = WIDTHS["NVFP4" if "nvfp4" in name else f"MXFP{size:g}"] if size in (4, 8) else 0.0
        elif size == 8:
            width = 8.0
        elif name.startswith("int4weight"):  # a scale and a zero of 16 bits
            width = _with(4, 32, _group(arguments, 128))
        yield Part(size, width)


def _quanto(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """Quanto and EETQ: a word; under 8 bits a scale and a shift of 16 bits for each 128 weights."""
    for bits in _spelled(found.get("weights", "int8")):
        yield Part(bits, _with(bits, 0 if bits == 8 else 32, 128))


def _aqlm(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """AQLM (Egiazarian and others, 2024, arXiv:2401.06118): codes of a group of weights, and each matrix's code books."""
    books, size = (
        _number(found, "num_codebooks", default=1, most=32),
        _number(found, "nbits_per_codebook", default=16, most=16),
    )
    group = _number(found, "in_group_size", default=8) * _number(found, "out_group_size", default=1)
    if not group:
        raise ConfigError("too_low", key="quantization_config.in_group_size", found="0")
    yield Part(books * size / group, books * (size / group + (1 << size) * group * 16 / matrix))


def _vptq(found: Mapping[str, Any], matrix: float) -> Iterator[Part]:
    """VPTQ (Liu and others, 2024, arXiv:2409.17066): codes of vectors and of their residuals, on average over the matrices."""
    tables = [found[key] for key in ("config_for_layers", "shared_layer_config") if isinstance(found.get(key), Mapping)]
    codes, books = [], []
    for at in (at for table in tables for at in table.values() if isinstance(at, Mapping)):
        sizes = [at.get(key) for key in ("vector_lens", "num_centroids", "num_res_centroids")]
        last = [size[-1] if isinstance(size, list) and size and isinstance(size[-1], int) else 0 for size in sizes]
        length, *centroids = last
        if length > 0 and centroids[0] > 1:
            used = [count for count in centroids if count > 1]
            codes.append(sum((count - 1).bit_length() for count in used) / length)
            books.append(sum(used) * length * 16 / matrix)
    if codes:
        bits = sum(codes) / len(codes)
        yield Part(bits, bits + sum(books) / len(books))


OWN: Mapping[str, Callable[[Mapping[str, Any], float], Iterator[Part]]] = {
    "hqq": _hqq, "quark": _quark, "torchao": _torchao, "quanto": _quanto, "eetq": _quanto, "aqlm": _aqlm, "vptq": _vptq,
}  # fmt: skip
