"""AutoKeras's image classifier, as its documentation uses it."""

import tempfile

import autokeras
import keras
from race import EPOCHS, Recorder, arguments, arrays

asked = arguments()
data = arrays(asked.data)
# AutoKeras 3.0 counts classes as NumPy's integers, which Keras 3.15 refuses, unless labels are one-hot.
labels = {split: keras.utils.to_categorical(data[f"y_{split}"]) for split in ("train", "val")}
with tempfile.TemporaryDirectory() as folder:
    classifier = autokeras.ImageClassifier(max_trials=1000, directory=folder, seed=asked.seed, overwrite=True)
    classifier.fit(
        data["x_train"][..., None],
        labels["train"],
        validation_data=(data["x_val"][..., None], labels["val"]),
        epochs=EPOCHS,
        callbacks=[Recorder(asked, data["x_test"][..., None], data["y_test"])],
        verbose=0,
    )
