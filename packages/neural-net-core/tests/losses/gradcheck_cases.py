"""Gradient-check cases of the losses: every reduction, weight and option, away from kinks."""

import numpy as np
from hypothesis import strategies as st

import neural_net_core
from neural_net_core import losses as ls
from neural_net_core import ops
from neural_net_core.activations import LogSigmoidOp
from neural_net_core.losses._loss import ReduceOp, reduce_losses

rng = np.random.default_rng(2)
REDUCTIONS = ("mean", "sum", "none")


def real(*shape):
    """Return random numbers."""
    return rng.normal(size=shape)


def chance(*shape):
    """Return numbers between 0.05 and 0.95."""
    return rng.uniform(0.05, 0.95, shape)


def apart(*shape):
    """Return two arrays that differ by 0.1 at least and never by 0.4 to 0.6 or 0.9 to 1.1."""
    x = real(*shape)
    size = rng.choice([0.15, 0.3, 0.7, 0.8, 1.5, 2.5], shape)
    return [x, x + size * rng.choice([-1, 1], shape)]


def signs(*shape):
    """Return numbers 1 and −1."""
    return rng.choice([-1, 1], shape)


def distribution(*shape):
    """Return probabilities over axis 1."""
    p = chance(*shape)
    return p / p.sum(axis=1 if len(shape) > 1 else 0, keepdims=True)


def reduced(fn, *inputs, **options):
    """Return a case for each reduction."""
    return [(lambda *xs, r=r: fn(*xs, reduction=r, **options), list(inputs)) for r in REDUCTIONS]


def regression(fn, **options):
    """Return the cases of a loss that compares numbers."""
    return [
        *reduced(fn, *apart(3, 4), **options),
        *reduced(fn, *apart(), **options),
        *reduced(fn, np.zeros((0, 4)), np.zeros((0, 4)), **options),
        (lambda x: fn(x, np.zeros(3), **options), [np.array([0.2, -0.7, 3.0])]),
        (lambda t: fn(np.zeros(3), t, **options), [np.array([0.2, -0.7, 3.0])]),
    ]


LABELS = np.array([3, 0, -100, 3, 1])
WEIGHT = np.array([0.5, 2.0, 1.0, 0.1])
# (logits, class indices): plain, one sample, images, an empty batch.
CLASSIFIED = [
    (real(5, 4), LABELS),
    (real(4), np.array(2)),
    (real(2, 4, 3, 2), rng.integers(0, 4, (2, 3, 2))),
    (real(2, 4, 5), rng.choice([-100, 1, 3], (2, 5))),
    (real(5, 4), np.full(5, -100)),
    (real(0, 4), np.zeros(0, int)),
    (real(3, 1), np.zeros(3, int)),
]


def classification(fn, **options):
    """Return the cases of a loss of scores and class indices."""
    return [case for x, t in CLASSIFIED for case in reduced(fn, x, t, **options)]


def weighted_classification(fn, **options):
    """Return the cases of the same with class weights."""
    return [
        case
        for x, t in CLASSIFIED
        for case in reduced(fn, x, t, weight=WEIGHT[: x.shape[0 if x.ndim == 1 else 1]], **options)
    ]


SOFT = [
    (real(3, 4), distribution(3, 4)),
    (real(4), distribution(4)),
    (real(2, 4, 3), distribution(2, 4, 3)),
    (real(0, 4), np.zeros((0, 4))),
]


CASES = {
    ReduceOp: [
        (lambda x, r=r: reduce_losses(x, r), [x])
        for r in ("mean", "sum")
        for x in (real(3, 2), real(), real(0))
    ],
    ls.MSELossOp: regression(neural_net_core.mse_loss),
    ls.L1LossOp: regression(neural_net_core.l1_loss),
    ls.HuberLossOp: [
        *regression(neural_net_core.huber_loss),
        *regression(neural_net_core.huber_loss, delta=0.5),
        *regression(neural_net_core.smooth_l1_loss, beta=0.5),
    ],
    ls.BCELossOp: [
        *reduced(neural_net_core.binary_cross_entropy, chance(3, 4), chance(3, 4)),
        *reduced(
            neural_net_core.binary_cross_entropy, chance(3, 4), chance(3, 4), weight=chance(4)
        ),
        *reduced(neural_net_core.binary_cross_entropy, chance(), chance()),
        *reduced(neural_net_core.binary_cross_entropy, chance(0, 2), chance(0, 2)),
        (lambda p: neural_net_core.binary_cross_entropy(p, [1, 0, 1]), [chance(3)]),
        (lambda t: neural_net_core.binary_cross_entropy([0.1, 0.5, 0.9], t), [chance(3)]),
    ],
    ls.BCEWithLogitsLossOp: [
        case
        for options in ({}, {"weight": chance(4)}, {"pos_weight": 2 * chance(4)})
        for case in [
            *reduced(
                neural_net_core.binary_cross_entropy_with_logits,
                3 * real(3, 4),
                chance(3, 4),
                **options,
            ),
            *reduced(
                neural_net_core.binary_cross_entropy_with_logits,
                real(0, 4),
                chance(0, 4),
                **options,
            ),
        ]
    ]
    + [
        *reduced(neural_net_core.binary_cross_entropy_with_logits, real(), chance()),
        (lambda x: neural_net_core.binary_cross_entropy_with_logits(x, [1, 0, 1]), [real(3)]),
        (lambda t: neural_net_core.binary_cross_entropy_with_logits([1.0, -2.0], t), [chance(2)]),
    ],
    ls.CrossEntropyLossOp: [
        *classification(neural_net_core.cross_entropy),
        *classification(neural_net_core.cross_entropy, label_smoothing=0.2),
        *weighted_classification(neural_net_core.cross_entropy),
        *weighted_classification(neural_net_core.cross_entropy, label_smoothing=1.0),
        *reduced(
            neural_net_core.cross_entropy, real(5, 4), np.array([3, 0, 2, 3, 1]), ignore_index=3
        ),
    ],
    ls.SoftCrossEntropyLossOp: [
        case
        for x, q in SOFT
        for options in ({}, {"weight": WEIGHT, "label_smoothing": 0.3})
        for case in [
            *reduced(neural_net_core.cross_entropy, x, q, **options),
            (lambda x, q=q, o=options: neural_net_core.cross_entropy(x, q, **o), [x]),
            (lambda q, x=x, o=options: neural_net_core.cross_entropy(x, q, **o), [q]),
        ]
    ],
    ls.NLLLossOp: [
        *classification(neural_net_core.nll_loss),
        *weighted_classification(neural_net_core.nll_loss),
        *reduced(neural_net_core.nll_loss, real(5, 4), np.array([3, 0, 2, 3, 1]), ignore_index=3),
    ],
    ls.KLDivLossOp: [
        case
        for log_target in (False, True)
        for case in [
            *reduced(neural_net_core.kl_div, real(3, 4), chance(3, 4), log_target=log_target),
            *reduced(neural_net_core.kl_div, real(), chance(), log_target=log_target),
            *reduced(neural_net_core.kl_div, real(0, 4), chance(0, 4), log_target=log_target),
            (
                lambda x, t, log=log_target: neural_net_core.kl_div(
                    x, t, log_target=log, reduction="batchmean"
                ),
                [real(3, 4), chance(3, 4)],
            ),
            (
                lambda x, log=log_target: neural_net_core.kl_div(x, np.ones(3), log_target=log),
                [real(3)],
            ),
        ]
    ],
    ls.CosineSimilarityOp: [
        (neural_net_core.cosine_similarity, [real(3, 4), real(3, 4)]),
        (neural_net_core.cosine_similarity, [real(4), real(3, 4)]),
        (lambda a, b: neural_net_core.cosine_similarity(a, b, 1), [real(2, 4, 1), real(2, 4, 3)]),
        (lambda a: neural_net_core.cosine_similarity(a, [1.0, 2.0]), [real(2)]),
        (lambda b: neural_net_core.cosine_similarity([1.0, 2.0], b), [real(3, 2)]),
        (neural_net_core.cosine_similarity, [real(0, 4), real(0, 4)]),
        *reduced(
            neural_net_core.cosine_embedding_loss, real(6, 4), real(6, 4), signs(6), margin=0.05
        ),
        *reduced(neural_net_core.cosine_embedding_loss, real(4), real(4), signs()),
    ],
    ls.NormalizeOp: [
        (neural_net_core.normalize, [real(3, 4)]),
        (lambda x: neural_net_core.normalize(x, 0), [real(3, 4)]),
        (neural_net_core.normalize, [real(3)]),
        (neural_net_core.normalize, [real(3, 1) + 2]),
        (neural_net_core.normalize, [real(0, 4)]),
        *reduced(neural_net_core.info_nce, real(4, 3), real(4, 3), temperature=0.5),
        *reduced(neural_net_core.info_nce, real(4, 3), real(4, 3), temperature=0.5, symmetric=True),
        *reduced(neural_net_core.info_nce, real(2, 3), real(2, 3), real(5, 3), temperature=0.5),
    ],
    ls.HingeLossOp: [
        *reduced(neural_net_core.hinge_loss, 2 * real(3, 4), signs(3, 4)),
        *reduced(neural_net_core.hinge_loss, 2 * real(3, 4), signs(3, 4), margin=0.3, squared=True),
        *reduced(neural_net_core.hinge_loss, real(), signs()),
        *reduced(neural_net_core.hinge_loss, real(0, 2), signs(0, 2)),
    ],
    ls.HingeEmbeddingLossOp: [
        *reduced(neural_net_core.hinge_embedding_loss, 2 * chance(3, 4), signs(3, 4)),
        *reduced(neural_net_core.hinge_embedding_loss, 2 * chance(3, 4), signs(3, 4), margin=0.3),
        *reduced(neural_net_core.hinge_embedding_loss, chance(), signs()),
        *reduced(neural_net_core.hinge_embedding_loss, chance(0, 2), signs(0, 2)),
    ],
    ls.MultiMarginLossOp: [
        case
        for options in ({}, {"p": 2, "margin": 0.5}, {"weight": WEIGHT, "p": 2})
        for case in [
            *reduced(
                neural_net_core.multi_margin_loss, real(5, 4), np.array([3, 0, 2, 2, 1]), **options
            ),
            *reduced(neural_net_core.multi_margin_loss, real(4), np.array(2), **options),
            *reduced(neural_net_core.multi_margin_loss, real(0, 4), np.zeros(0, int), **options),
        ]
    ],
    ls.PairwiseDistanceOp: [
        case
        for p in (2.0, 1.0, 3.0, 1.5)
        for case in [
            (
                lambda a, b, p=p: neural_net_core.pairwise_distance(a, b, p=p),
                [real(3, 4), real(3, 4)],
            ),
            (lambda a, b, p=p: neural_net_core.pairwise_distance(a, b, p=p), [real(4), real(4)]),
            (
                lambda a, b, p=p: neural_net_core.pairwise_distance(a, b, p=p),
                [real(0, 4), real(0, 4)],
            ),
            *reduced(neural_net_core.triplet_margin_loss, real(5, 3), real(5, 3), real(5, 3), p=p),
            *reduced(
                neural_net_core.triplet_margin_loss,
                real(5, 3),
                real(5, 3),
                real(5, 3),
                p=p,
                swap=True,
            ),
        ]
    ],
    ls.CTCLossOp: [
        *reduced(
            neural_net_core.ctc_loss,
            real(4, 7, 4),
            # Plain, repeated, a row that needs all of its frames, none at all.
            np.array([[1, 2, 3], [2, 2, -1], [3, 3, 3], [-1, -1, -1]]),
            np.array([7, 5, 5, 3]),
            np.array([3, 2, 3, 0]),
        ),
        *reduced(
            neural_net_core.ctc_loss, real(2, 5, 3), np.array([0, 1, 1]), [5, 4], [2, 1], blank=2
        ),
        *reduced(neural_net_core.ctc_loss, real(4, 3), np.array([2, 1]), 4, 2),
        # No frames; no path that fits; neither labels nor frames; an empty batch.
        *reduced(neural_net_core.ctc_loss, real(2, 3, 2), np.array([[1], [1]]), [3, 0], [0, 0]),
        *reduced(
            neural_net_core.ctc_loss,
            real(2, 3, 2),
            np.array([[1, 1], [1, 1]]),
            [3, 2],
            [2, 2],
            zero_infinity=True,
        ),
        *reduced(neural_net_core.ctc_loss, real(2, 0, 2), np.zeros((2, 0), int), [0, 0], [0, 0]),
        *reduced(
            neural_net_core.ctc_loss, real(0, 3, 2), np.zeros((0, 2), int), *np.zeros((2, 0), int)
        ),
    ],
    ls.GaussianNLLLossOp: [
        case
        for full in (False, True)
        for case in [
            *reduced(
                neural_net_core.gaussian_nll_loss,
                real(3, 4),
                real(3, 4),
                chance(3, 4),
                full=full,
            ),
            *reduced(neural_net_core.gaussian_nll_loss, real(3, 4), real(3, 4), chance(3)),
            *reduced(neural_net_core.gaussian_nll_loss, real(3, 4), real(3, 4), chance(3, 1)),
            *reduced(neural_net_core.gaussian_nll_loss, real(4), real(4), chance(), full=full),
            *reduced(neural_net_core.gaussian_nll_loss, real(), real(), chance()),
            *reduced(neural_net_core.gaussian_nll_loss, real(0, 4), real(0, 4), chance(0, 4)),
            (lambda v: neural_net_core.gaussian_nll_loss([1.0, 2.0], [0.0, 2.5], v), [chance(2)]),
        ]
    ],
    ls.PoissonNLLLossOp: [
        case
        for full in (False, True)
        for case in [
            *reduced(neural_net_core.poisson_nll_loss, real(3, 4), 5 * chance(3, 4), full=full),
            *reduced(
                neural_net_core.poisson_nll_loss,
                2 * chance(3, 4),
                5 * chance(3, 4),
                full=full,
                log_input=False,
            ),
            *reduced(neural_net_core.poisson_nll_loss, real(), 3 * chance(), full=full),
            *reduced(neural_net_core.poisson_nll_loss, real(0, 2), chance(0, 2), full=full),
        ]
    ],
    ls.SigmoidFocalLossOp: [
        case
        for options in ({}, {"gamma": 0.0}, {"gamma": 0.5, "alpha": 0.6}, {"alpha": None})
        for case in [
            *reduced(
                neural_net_core.sigmoid_focal_loss,
                3 * real(3, 4),
                rng.integers(0, 2, (3, 4)),
                **options,
            ),
            *reduced(neural_net_core.sigmoid_focal_loss, real(), np.array(1), **options),
            *reduced(
                neural_net_core.sigmoid_focal_loss, real(0, 2), np.zeros((0, 2), int), **options
            ),
        ]
    ],
    ls.FocalLossOp: [
        *classification(neural_net_core.focal_loss),
        *classification(neural_net_core.focal_loss, gamma=0.5),
        *weighted_classification(neural_net_core.focal_loss, gamma=1.0),
        *weighted_classification(neural_net_core.focal_loss, gamma=0.0),
    ],
}
# Losses composed of other operations.
CASES[ops.ClipOp] = [
    *reduced(neural_net_core.margin_ranking_loss, *apart(3, 4), signs(3, 4)),
    *reduced(neural_net_core.margin_ranking_loss, *apart(6), signs(6), margin=0.5),
    *reduced(neural_net_core.margin_ranking_loss, *apart(), signs()),
]
CASES[LogSigmoidOp] = [
    *reduced(neural_net_core.soft_margin_loss, 2 * real(3, 4), signs(3, 4)),
    *reduced(neural_net_core.soft_margin_loss, real(0, 4), signs(0, 4)),
]
CASES[ls.BCEWithLogitsLossOp] += [
    *reduced(neural_net_core.multilabel_soft_margin_loss, 2 * real(3, 4), chance(3, 4)),
    *reduced(
        neural_net_core.multilabel_soft_margin_loss, real(2, 3, 4), chance(2, 3, 4), weight=WEIGHT
    ),
    *reduced(neural_net_core.multilabel_soft_margin_loss, real(4), chance(4)),
    *reduced(neural_net_core.multilabel_soft_margin_loss, real(3, 0), chance(3, 0)),
]


@st.composite
def classified(draw):
    """Draw scores, flat to saturated and of impossible classes too, and whatever goes with them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples, classes = draw(st.sampled_from([(0, 3), (1, 1), (7, 9), (64, 10), (512, 65)]))
    z = draw(st.sampled_from([0.1, 1.0, 20.0])) * rng.normal(size=(samples, classes))
    t = rng.integers(0, classes, samples)
    if draw(st.booleans()):
        impossible = rng.random(z.shape) < 0.2
        impossible[np.arange(samples), t] = False
        z[impossible] = -np.inf
    smoothing = 0.0 if np.isinf(z).any() else draw(st.sampled_from([0.0, 0.1, 1.0]))
    weight = rng.uniform(0.5, 2, classes) if draw(st.booleans()) else None
    t[rng.random(samples) < draw(st.sampled_from([0.0, 0.3]))] = -100
    reduction = draw(st.sampled_from(REDUCTIONS))
    return (
        lambda z: neural_net_core.cross_entropy(
            z, t, weight=weight, label_smoothing=smoothing, reduction=reduction
        ),
        [z],
    )


@st.composite
def answered(draw):
    """Draw scores of yes-or-no questions, certain ones too, and answers between 0 and 1."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(), (0, 4), (3, 4), (512, 6)]))
    x = draw(st.sampled_from([0.1, 1.0, 20.0])) * rng.normal(size=shape)
    t = rng.uniform(size=shape)
    t = t.round() if draw(st.booleans()) else t
    weight, pos_weight = (rng.uniform(0.5, 2, shape[1:]) for _ in range(2))
    options = {
        "weight": weight if draw(st.booleans()) else None,
        "pos_weight": pos_weight if draw(st.booleans()) else None,
        "reduction": draw(st.sampled_from(REDUCTIONS)),
    }
    return (
        lambda x, t: neural_net_core.binary_cross_entropy_with_logits(x, t, **options),
        [x, t],
    )


DRAWN = {ls.CrossEntropyLossOp: classified(), ls.BCEWithLogitsLossOp: answered()}
