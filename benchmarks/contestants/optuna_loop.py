"""The loop that an able user writes by hand: Optuna's TPE, median pruning, Keras's fit."""

import time

import keras
import optuna
from race import EPOCHS, FILTERS, Recorder, arguments, arrays, network

asked = arguments()
data = arrays(asked.data)
classes = int(data["y_train"].max()) + 1
recorder = Recorder(asked, data["x_test"], data["y_test"])


class Pruning(keras.callbacks.Callback):
    """Reports every epoch and stops trials that Optuna would prune."""

    def __init__(self, trial: optuna.Trial) -> None:
        super().__init__()
        self.trial = trial

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report an epoch."""
        self.trial.report((logs or {})["val_accuracy"], epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def objective(trial: optuna.Trial) -> float:
    """Train one network and return its best validation accuracy."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(trial.number)
    filters = FILTERS[trial.suggest_categorical("filters", range(len(FILTERS)))]
    model = network(filters, trial.suggest_float("dropout", 0.0, 0.5), classes)
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
    decay = trial.suggest_float("weight_decay", 1e-4, 1e-1, log=True)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=decay)
    model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        data["x_train"],
        data["y_train"],
        validation_data=(data["x_val"], data["y_val"]),
        epochs=EPOCHS,
        batch_size=trial.suggest_categorical("batch_size", [32, 64, 128]),
        callbacks=[recorder, Pruning(trial)],
        verbose=0,
    )
    return max(history.history["val_accuracy"])


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(
    direction="maximize", sampler=optuna.samplers.TPESampler(seed=asked.seed), pruner=optuna.pruners.MedianPruner()
)
study.optimize(objective, timeout=asked.seconds - (time.time() - asked.started))
