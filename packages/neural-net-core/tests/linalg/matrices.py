"""Matrices that Hypothesis draws, and the ways in which a stack of them may look."""

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st


@st.composite
def invertible(draw, most=5):
    """Draw a stack of matrices with singular values between 0.5 and 2, of any layout in memory."""
    batch = draw(hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
    n = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    u, _, vt = np.linalg.svd(rng.normal(size=(*batch, n, n)))
    a = u * rng.uniform(0.5, 2, size=(*batch, n))[..., None, :] @ vt
    return draw(st.sampled_from([a, a.mT, np.asfortranarray(a), a[..., ::-1, :]]))


def positive_definite(a):
    """Return a symmetric positive definite matrix made of another one."""
    return a @ a.mT
