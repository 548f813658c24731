"""The step with per-example gradients on JAX, with ``jax.vmap``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import keras

if TYPE_CHECKING:
    from automap.training.per_example.model import PerExampleModel

Values = list[Any]
"""Values of variables."""
_SPREAD = 0x9E3779B1
"""Distance between the seeds of two examples, odd so that all of a batch differ."""


def train_step(model: PerExampleModel, state: Any, data: Any) -> tuple[dict[str, Any], Any]:
    """Train on a batch, like Keras's ``train_step``."""
    weights, others, optimizer_state, metrics = state
    batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    (inputs, targets), others = _stateless(model, weights, others, model.start_step, batch)

    def one(weights: Values, inputs: Any, target: Any, index: Any) -> tuple[Any, Values]:
        inputs, target = jax.tree.map(lambda values: values[None], (inputs, target))
        seeded = _own_seeds(model, others, index)
        return _stateless(model, weights, seeded, model.example_loss, inputs, target)

    differentiate = jax.value_and_grad(one, has_aux=True)
    count = jax.tree.leaves(inputs)[0].shape[0]
    indices = jnp.arange(count, dtype="uint32")
    (losses, updated), gradients = jax.vmap(differentiate, in_axes=(None, 0, 0, 0))(weights, inputs, targets, indices)
    # The first example has the seeds of the model; nothing but random generators changes in a forward pass.
    others = [values[0] for values in updated]
    weights, optimizer_state = model.optimizer.stateless_apply(optimizer_state, model.combine(gradients), weights)
    logs, metrics = model._update_metrics_variables(metrics, jnp.mean(losses), batch, None, None, None)
    return logs, (weights, others, optimizer_state, metrics)


def _stateless(
    model: PerExampleModel, weights: Values, others: Values, function: Callable[..., Any], *arguments: Any
) -> tuple[Any, Values]:
    """Call a function with given values of the model's variables; return its result and the new values."""
    variables = model.non_trainable_variables
    mapping = [*zip(model.trainable_variables, weights, strict=True), *zip(variables, others, strict=True)]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        result = function(*arguments)
    return result, [scope.get_current_value(variable) for variable in variables]


def _own_seeds(model: PerExampleModel, others: Values, index: Any) -> Values:
    """Return the values with other states of random generators for each example; the first has those of the model."""
    generators = {id(each.state) for layer in model._flatten_layers() for each in _generators(layer)}
    return [
        value.at[0].add(index * jnp.uint32(_SPREAD)) if id(variable) in generators else value
        for variable, value in zip(model.non_trainable_variables, others, strict=True)
    ]


def _generators(layer: keras.Layer) -> list[keras.random.SeedGenerator]:
    return list(getattr(layer, "_seed_generators", ()))
