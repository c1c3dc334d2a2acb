"""What a table of counts predicts: the baselines that a language model has to beat."""

import math
from collections import Counter, defaultdict


class NGram:
    """Counts of what follows each context, mixed with those of ever shorter contexts.

    A context that was followed by many different characters says little about the next one, so it
    is trusted less (Witten and Bell): with n occurrences of the context and k different followers,

        p(c | context) = (count(c) + k · p(c | shorter context)) / (n + k).

    Nothing has to be tuned. Order 1 looks at no context, order 2 (bigram) at one character.
    """

    def __init__(self, text: str, order: int) -> None:
        self.order, self.symbols = order, len(set(text))
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        for length in range(order):
            for i in range(length, len(text)):
                self.counts[text[i - length : i]][text[i]] += 1
        self.totals = {context: sum(c.values()) for context, c in self.counts.items()}

    def probability(self, context: str, c: str) -> float:
        """Return p(c | context); only the last order − 1 characters of the context count."""
        p = 1 / self.symbols
        for length in range(min(self.order, len(context) + 1)):
            part = context[len(context) - length :]
            seen = self.counts.get(part)
            if seen is None:
                break
            p = (seen[c] + len(seen) * p) / (self.totals[part] + len(seen))
        return p

    def loss(self, text: str) -> float:
        """Return the mean cross entropy in nats of every character but the first."""
        start = self.order - 1
        logs = [
            math.log(self.probability(text[max(0, i - start) : i], text[i]))
            for i in range(1, len(text))
        ]
        return -sum(logs) / len(logs)
