"""AutoKeras's image classifier, as its documentation uses it."""

import functools
import tempfile

import autokeras
import keras
from race import EPOCHS, Recorder, arguments, arrays

asked = arguments()
data = arrays(asked.data)
make_dense = keras.layers.Dense.__init__


@functools.wraps(make_dense)
def make_dense_of_any_integer(self: keras.layers.Dense, units: int, **options: object) -> None:
    """Make a dense layer: AutoKeras 3.0 counts classes as NumPy's integers, which Keras 3.15 refuses."""
    make_dense(self, int(units), **options)


keras.layers.Dense.__init__ = make_dense_of_any_integer
with tempfile.TemporaryDirectory() as folder:
    classifier = autokeras.ImageClassifier(max_trials=1000, directory=folder, seed=asked.seed, overwrite=True)
    classifier.fit(
        data["x_train"][..., None],
        data["y_train"],
        validation_data=(data["x_val"][..., None], data["y_val"]),
        epochs=EPOCHS,
        callbacks=[Recorder(asked, data["x_test"][..., None], data["y_test"])],
        verbose=0,
    )
