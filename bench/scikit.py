"""scikit-learn's multi-layer perceptron without penalty: `partial_fit` on a hundred batches at a time.

A call for each batch would add its checks of the arguments to every step. The regressor ends linear, not in tanh.
"""

import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor

from bench.cases import Case, batches, rows
from bench.child import Round, repeat


def build(case: Case, variant: str) -> tuple[str, Round]:
    warnings.filterwarnings("ignore")
    x, y = rows(case)
    kind = MLPRegressor if case.classes == 1 else MLPClassifier
    model = kind(
        hidden_layer_sizes=[size for name, size in case.layers if name == "dense"][:-1],
        activation={"sigmoid": "logistic"}.get(case.layers[1][0], case.layers[1][0]),
        solver="adam" if case.optimizer == "adam" else "sgd",
        learning_rate_init=case.lr,
        momentum=0.9 if case.optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=case.batch,
        random_state=0,
    )
    classes = {} if case.classes == 1 else {"classes": np.arange(case.classes)}
    target = y.ravel() if case.classes == 1 else y
    model.partial_fit(x[: case.batch], target[: case.batch], **classes)
    order = batches(case, len(x), np.random.default_rng(0))

    def hundred_steps() -> None:
        index = np.concatenate([next(order) for _ in range(100)])
        model.partial_fit(x[index], target[index])

    def evaluate() -> tuple[float, float]:
        p = model.predict_proba(x)
        return float(-np.log(p[np.arange(len(y)), y] + 1e-30).mean()), float((p.argmax(1) == y).mean())

    version = f"scikit-learn {sklearn.__version__}"
    return version, repeat(evaluate) if case.kind == "evaluate" else repeat(hundred_steps, 100)
