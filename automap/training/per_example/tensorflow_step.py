"""The step with per-example gradients on TensorFlow.

``tf.map_fn`` computes one example after the other. ``tf.vectorized_map`` is no alternative: it turns the gradients of
convolutions into a slower loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from automap.training.per_example.model import PerExampleModel


def train_step(model: PerExampleModel, data: Any) -> dict[str, Any]:
    """Train on a batch, like Keras's ``train_step``."""
    batch, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    inputs, targets = model.start_step(batch)
    weights = model.trainable_variables

    def one(example: Any) -> tuple[Any, list[Any]]:
        inputs, target = tf.nest.map_structure(lambda values: values[None], example)
        with tf.GradientTape() as tape:
            loss = model.example_loss(inputs, target)
        gradients = tape.gradient(loss, [weight.value for weight in weights], unconnected_gradients="zero")
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]

    signature = (tf.TensorSpec((), tf.float32), [tf.TensorSpec(weight.shape, weight.dtype) for weight in weights])
    losses, gradients = tf.map_fn(one, (inputs, targets), fn_output_signature=signature)
    model.optimizer.apply_gradients(zip(model.combine(gradients), weights, strict=True))
    model._loss_tracker.update_state(tf.reduce_mean(losses), sample_weight=tf.shape(losses)[0])
    metrics: dict[str, Any] = model.get_metrics_result()
    return metrics
