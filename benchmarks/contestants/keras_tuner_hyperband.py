"""KerasTuner's Hyperband over the same networks."""

import tempfile

import keras
import keras_tuner
from race import EPOCHS, FILTERS, Recorder, arguments, arrays, network

asked = arguments()
data = arrays(asked.data)
classes = int(data["y_train"].max()) + 1


class Networks(keras_tuner.HyperModel):
    """The search space."""

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Return a compiled network."""
        filters = FILTERS[hp.Choice("filters", [0, 1, 2])]
        model = network(filters, hp.Float("dropout", 0.0, 0.5), classes)
        rate = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        decay = hp.Float("weight_decay", 1e-4, 1e-1, sampling="log")
        optimizer = keras.optimizers.AdamW(rate, weight_decay=decay)
        model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit(self, hp: keras_tuner.HyperParameters, model: keras.Model, *args: object, **options: object) -> object:
        """Train with the batch size that is searched too."""
        return model.fit(*args, batch_size=hp.Choice("batch_size", [32, 64, 128]), **options)


with tempfile.TemporaryDirectory() as folder:
    tuner = keras_tuner.Hyperband(
        Networks(),
        objective="val_accuracy",
        max_epochs=EPOCHS,
        factor=3,
        hyperband_iterations=100,
        seed=asked.seed,
        directory=folder,
        project_name="race",
    )
    tuner.search(
        data["x_train"],
        data["y_train"],
        validation_data=(data["x_val"], data["y_val"]),
        callbacks=[Recorder(asked, data["x_test"], data["y_test"])],
        verbose=0,
    )
