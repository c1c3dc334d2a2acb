"""Training on several processes and machines: data parallelism over MPI."""

from neural_net_utils.distributed.data_parallel import (
    Communicator,
    Shard,
    average_gradients,
    broadcast_weights,
    shard,
)

__all__ = ["Communicator", "Shard", "average_gradients", "broadcast_weights", "shard"]
