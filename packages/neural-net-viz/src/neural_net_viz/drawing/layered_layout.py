"""Places for the nodes of a graph that flows one way: in rows, with few crossings, in reach.

The three steps of Sugiyama, Tagawa and Toda (1981): give every node a row, order the rows so that
neighbours stand above each other, then move the nodes sideways towards their neighbours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Layout", "lay_out", "nearest_with_gaps"]

_SWEEPS = 8
# An edge that passes a row takes this much room between the row's nodes.
_LANE = 14.0
# How much more the flow from row to row counts than a node at which nothing arrives: a chain of
# operations then runs straight down, with its parameters beside it.
_TRUNK = 100.0


@dataclass(frozen=True)
class Layout:
    """Where everything stands.

    Attributes:
        rows: The row of each node; row 0 holds the last consumers.
        centres: The horizontal middle of each node, from 0.
        routes: For each edge, the horizontal middles at which it passes the rows between its ends,
            from the source's side to the target's.
        width: The width that all nodes take.
    """

    rows: list[int]
    centres: list[float]
    routes: list[list[float]]
    width: float


def lay_out(widths: Sequence[float], edges: Sequence[tuple[int, int]], gap: float = 18.0) -> Layout:
    """Lay out a graph without cycles.

    Args:
        widths: The width of each node.
        edges: Pairs (source, target); a source stands in a higher row than its targets.
        gap: The least room between neighbours in a row.

    Returns:
        The layout; the same input always gives the same one.

    Raises:
        ValueError: If the edges close a cycle.

    Examples:
        >>> layout = lay_out([20, 20, 20], [(0, 2), (1, 2)], gap=10)
        >>> layout.rows, layout.centres
        ([1, 1, 0], [10.0, 40.0, 25.0])
    """
    rows = _rows(len(widths), edges)
    sizes = list(map(float, widths))
    level = list(rows)
    chains = []
    links: list[tuple[int, int]] = []
    for source, target in edges:
        chain = [source]
        for row in range(rows[source] - 1, rows[target], -1):
            chain.append(len(sizes))  # a stand-in, where the edge passes a row
            sizes.append(_LANE)
            level.append(row)
        chain.append(target)
        links += pairwise(chain)
        chains.append(chain)
    above: list[list[int]] = [[] for _ in sizes]
    below: list[list[int]] = [[] for _ in sizes]
    for source, target in links:
        above[target].append(source)
        below[source].append(target)
    order: list[list[int]] = [[] for _ in range(max(level, default=-1) + 1)]
    for node in range(len(sizes)):
        order[level[node]].append(node)
    _untangle(order, above, below)
    centres = _centre(order, above, below, sizes, gap)
    left = min((c - s / 2 for c, s in zip(centres, sizes, strict=True)), default=0.0)
    right = max((c + s / 2 for c, s in zip(centres, sizes, strict=True)), default=0.0)
    centres = [c - left for c in centres]
    return Layout(
        rows,
        centres[: len(widths)],
        [[centres[node] for node in chain[1:-1]] for chain in chains],
        right - left,
    )


def nearest_with_gaps(
    wanted: Sequence[float], gaps: Sequence[float], weights: Sequence[float] | None = None
) -> list[float]:
    """Return places in order, at least `gaps` apart, nearest in squares to the wanted ones.

    With the gaps subtracted this is isotonic regression: neighbours out of order are pooled to
    their mean.

    Args:
        wanted: n places.
        gaps: n − 1 distances between neighbours.
        weights: n factors of the squares; None means 1.

    Examples:
        >>> nearest_with_gaps([0.0, 0.0, 10.0], [4.0, 1.0])
        [-2.0, 2.0, 10.0]
        >>> nearest_with_gaps([0.0, 0.0], [4.0], [3.0, 1.0])
        [-1.0, 3.0]
    """
    offsets = [0.0]
    for distance in gaps:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, float, int]] = []  # mean, weight and count
    for place, offset, own in zip(wanted, offsets, weights or [1.0] * len(wanted), strict=False):
        mean, weight, count = place - offset, own, 1
        while pools and pools[-1][0] > mean:
            other, more, size = pools.pop()
            mean = (mean * weight + other * more) / (weight + more)
            weight += more
            count += size
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _rows(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Put each node one row above the highest of its targets, and the last ones in row 0."""
    sources: list[list[int]] = [[] for _ in range(count)]
    waiting = [0] * count
    for source, target in edges:
        sources[target].append(source)
        waiting[source] += 1
    rows = [0] * count
    ready = [node for node in range(count) if not waiting[node]]
    done = 0
    while ready:
        node = ready.pop()
        done += 1
        for source in sources[node]:
            rows[source] = max(rows[source], rows[node] + 1)
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    if done < count:
        raise ValueError("lay_out(edges): expected a graph without cycles")
    return rows


def _untangle(order: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Sort every row by the mean position of its neighbours, downwards and upwards in turn."""
    place = {node: float(i) for row in order for i, node in enumerate(row)}
    for sweep in range(_SWEEPS):
        upwards = sweep % 2 == 0
        neighbours = below if upwards else above
        for row in order if upwards else order[::-1]:
            means = {
                node: sum(place[n] for n in neighbours[node]) / len(neighbours[node])
                if neighbours[node]
                else place[node]
                for node in row
            }
            row.sort(key=means.__getitem__)
            place |= {node: float(i) for i, node in enumerate(row)}


def _centre(
    order: list[list[int]],
    above: list[list[int]],
    below: list[list[int]],
    sizes: list[float],
    gap: float,
) -> list[float]:
    """Move the nodes of each row towards their neighbours, without changing the order."""
    centres = [0.0] * len(sizes)
    weight = [_TRUNK if sources else 1.0 for sources in above]
    distances = [[(sizes[a] + sizes[b]) / 2 + gap for a, b in pairwise(row)] for row in order]
    for row, apart in zip(order, distances, strict=True):
        for node, centre in zip(row, nearest_with_gaps([0.0] * len(row), apart), strict=True):
            centres[node] = centre
    for sweep in range(_SWEEPS):
        upwards = sweep % 2 == 0
        pairs = list(zip(order, distances, strict=True))
        for row, apart in pairs if upwards else pairs[::-1]:
            neighbours = below if upwards else above
            wanted = [
                sum(centres[n] * weight[n] for n in neighbours[node])
                / sum(weight[n] for n in neighbours[node])
                if neighbours[node]
                else centres[node]
                for node in row
            ]
            own = [weight[node] for node in row]
            for node, centre in zip(row, nearest_with_gaps(wanted, apart, own), strict=True):
                centres[node] = centre
    return centres
