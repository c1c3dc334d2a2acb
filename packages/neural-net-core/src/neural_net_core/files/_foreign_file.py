"""Say what a file is that is no safetensors file, by how it begins, and what to do with it."""

import json

__all__ = ["describe"]

CONVERT = (
    "this library opens none, since unpickling can run code; convert it where it is trusted, with "
    "safetensors.torch.save_file"
)
UNPACK = "unpack it first"

# How a file begins, what it is, and what to do.
BEGINNINGS: list[tuple[bytes, str, str]] = [
    (b"\x93NUMPY", "a NumPy array (.npy)", "read it with np.load(path, allow_pickle=False)"),
    (b"PK", "a zip archive", UNPACK),
    (b"\x1f\x8b\x08", "compressed by gzip", UNPACK),
    (b"BZh", "compressed by bzip2", UNPACK),
    (b"\xfd7zXZ\0", "compressed by xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes", "read its arrays with h5py"),
    (b"\x0e\x03\x13\x01", "an HDF4 file", "convert it to HDF5 and read it with h5py"),
    (b"GGUF", "a GGUF file, of mostly quantized weights", "take the model's safetensors files"),
    (b"GGML", "a GGML file, of mostly quantized weights", "take the model's safetensors files"),
    (b"tjgg", "a GGML file, of mostly quantized weights", "take the model's safetensors files"),
    (b"lmgg", "a GGML file, of mostly quantized weights", "take the model's safetensors files"),
    (b"version https://git-lfs", "a Git LFS pointer and not the file itself", "run `git lfs pull`"),
    (b"<?xml", "an XML document", "look at the address that it was downloaded from"),
    (b"\x89PNG", "a PNG picture", "look at the address that it was downloaded from"),
    (b"\xff\xd8\xff", "a JPEG picture", "look at the address that it was downloaded from"),
    (b"GIF8", "a GIF picture", "look at the address that it was downloaded from"),
    (b"\xff\xfe", "text in UTF-16", "the weights are in a file beside it"),
    (b"\xfe\xff", "text in UTF-16", "the weights are in a file beside it"),
    (b"%PDF", "a PDF document", "look at the address that it was downloaded from"),
]


def describe(head: bytes, text: bytes) -> str:
    """Return what a file is and what to do, or nothing if that cannot be told.

    Args:
        head: Its first bytes, some hundred.
        text: All of it, or as much as may be read to understand JSON.
    """
    if not head:
        return "it is empty"
    if len(head) > 16 and not head.strip(b"\0"):
        return "it begins with nothing but zeros, as after a broken download; fetch it again"
    what, advice = _archive(head) or _binary(head) or _readable(head, text)
    return f"it is {what}; {advice}" if what else ""


def _archive(head: bytes) -> tuple[str, str] | None:
    """Look at the first name in a zip archive, which NumPy, PyTorch and Keras use."""
    if not head.startswith(b"PK\x03\x04"):
        return None
    name = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if name.endswith(b".npy"):
        return "a NumPy archive (.npz)", "read it with np.load(path, allow_pickle=False)"
    if name.endswith(b".pkl") or b"/data/" in name or b"/code/" in name:
        return "a file of torch.save (a pickle in a zip archive)", CONVERT
    if name.endswith((b"metadata.json", b"config.json")):
        return "a Keras model (.keras)", "unzip it and read model.weights.h5 with h5py"
    return "a zip archive, such as .npz and torch.save write", (
        f"a .npz is read with np.load(path, allow_pickle=False); a .pt is a pickle, and {CONVERT}"
    )


def _binary(head: bytes) -> tuple[str, str] | None:
    for beginning, what, advice in BEGINNINGS:
        if head.startswith(beginning):
            return what, advice
    if len(head) < 3:
        return None
    if head[0] == 0x80 and 2 <= head[1] <= 5 and head[2]:  # a zero is no instruction
        return "a pickle, as torch.save, joblib and pickle.dump write", CONVERT
    if head[257:262] == b"ustar":
        return "a tar archive", UNPACK
    if head[4:8] == b"TFL3":
        return "a TensorFlow Lite model", "take the weights that it was made from"
    if head[0] == 0x08 and (b"pytorch" in head or b"onnx" in head.lower()):
        return "an ONNX model", "read its initializers with the onnx package"
    return None


def _readable(head: bytes, text: bytes) -> tuple[str, str]:
    """Look at a file that may be text."""
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html", b"<head")):
        return "a web page", "the download was answered by a page (a log-in, or an error)"
    if begin[:1] in (b"{", b"["):
        return _json(text)
    try:
        first = head.decode().lstrip("\ufeff").lstrip()
    except UnicodeDecodeError as error:
        first = "" if error.start < len(head) - 3 else head[: error.start].decode()
    if first and all(letter.isprintable() or letter in "\t\r\n" for letter in first):
        return f"text that begins {first[:40]!r}", "look at how it came here"
    return "", ""


def _json(text: bytes) -> tuple[str, str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "text that looks like JSON", "look at how it came here"
    shards = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(shards, dict):
        return "a JSON text, such as a configuration", "the weights are in a file beside it"
    names = list(dict.fromkeys(name for name in shards.values() if isinstance(name, str)))
    few = ", ".join(f"{name!r:.80}" for name in names[:3])
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"the index of a model in {len(names)} file{'s' * (len(names) != 1)} ({few}{more})",
        "load_tensors reads it, and them, if its name ends in .index.json",
    )
