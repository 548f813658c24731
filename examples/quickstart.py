"""Search for a network that reads handwritten digits, and use it: python examples/quickstart.py (two minutes)."""

from sklearn.datasets import load_digits

import automap

digits = load_digits()
images, labels = (digits.images * 16 - 1).clip(0).astype("uint8"), digits.target

study = automap.search(
    images[:-10], labels[:-10], trials=3, name="quickstart", architecture="cnn",
    training={"epochs": 5}, finalists={"top": 1, "seeds": 2},
)  # fmt: skip

leaderboard = study.leaderboard()
print(leaderboard)
print("test accuracy of the winner:", round(leaderboard.rows[0].test["accuracy"].mean, 3))
answers = study.best().predict(list(images[-10:]))
print("predicted:", *(answer.label for answer in answers))
print("true:     ", *labels[-10:])
