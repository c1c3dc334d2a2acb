"""Let search find the page that explains a thing before the reference that lists it.

Pages weigh by what they are for, signatures are left out, and a page is also found by words that
readers type and that it does not use itself.
"""

from typing import Any

# How much a page counts beside others that hold the same words, by its folder.
WEIGHTS = {"tutorials": 4.0, "theory": 2.0, "api": 0.02}

ALSO_CALLED = {
    "tutorials/0-digits.md": ["MNIST", "classification"],
    "tutorials/1-forward-propagation.md": ["perceptron", "neuron", "feedforward"],
    "tutorials/2-backward-propagation.md": ["backprop", "backpropagation", "chain rule"],
    "tutorials/4-optimizers.md": ["gradient descent", "learning rate", "momentum", "Adam"],
    "tutorials/5-activations.md": ["vanishing gradient", "dying ReLU"],
    "tutorials/6-deep-networks.md": ["exploding gradient", "skip connection", "ResNet"],
    "tutorials/7-rnns.md": ["RNN", "LSTM", "GRU", "sequence"],
    "tutorials/8-cnns.md": ["CNN", "convolutional network", "filter", "image"],
    "tutorials/9-attention.md": ["transformer", "GPT", "BERT"],
    "tutorials/10-embeddings.md": ["word2vec", "word vectors"],
    "tutorials/11-regularization.md": ["overfitting", "weight decay", "early stopping"],
    "theory/autodiff.md": ["autograd", "automatic differentiation", "tape"],
    "theory/ctc.md": ["CTC", "connectionist temporal classification", "alignment", "speech"],
    "theory/initialization.md": ["Xavier", "Glorot", "Kaiming", "He"],
    "roadmap.md": ["GPU", "CUDA", "graphics card", "distributed"],
}


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> None:
    """Set weight and further words of one page."""
    path = page.file.src_uri
    page.meta.setdefault("search", {})["boost"] = WEIGHTS.get(path.split("/")[0], 1.0)
    page.meta.setdefault("tags", ALSO_CALLED.get(path, []))


def on_page_content(content: str, **_: Any) -> str:
    """Leave signatures out: they hold every word of every name."""
    return content.replace(
        '<div class="doc-signature', '<div data-search-exclude class="doc-signature'
    )
