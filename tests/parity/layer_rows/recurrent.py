"""Recurrent networks."""
from . import Call

SEQUENCES, STATE = (3, 5, 4), (3, 6)
SET = dict(recurrent_initializer="zeros")                  # weights are set, so there is no need to draw orthogonal ones

WAYS = {
    "": {},
    " all": dict(return_sequences=True, return_state=True, go_backwards=True, activation="relu", dropout=0.4, recurrent_dropout=0.3),
    " bare": dict(use_bias=False, activation=None, return_sequences=True, unroll=True),
}
GATES = {" other gates": dict(recurrent_activation="softmax", activation="sigmoid", return_state=True)}
LAYERS = {"SimpleRNN": WAYS, "LSTM": WAYS | GATES | {" forgetful": dict(unit_forget_bias=False, go_backwards=True, use_cudnn=False)},
          "GRU": WAYS | GATES | {f"{name} before": {**how, "reset_after": False} for name, how in (WAYS | GATES).items()}}
STATES = {"SimpleRNN": [STATE], "LSTM": [STATE, STATE], "GRU": [STATE]}

ROWS = {
    **{name + way: (name, dict(units=6, **SET, **how), SEQUENCES, False) for name, ways in LAYERS.items()
       for way, how in ways.items()},
    **{f"{name} from a state": (name, dict(units=6, **SET, return_state=True), Call(SEQUENCES, initial_state=states), False)
       for name, states in STATES.items()},
    "LSTM one step": ("LSTM", dict(units=6, **SET), (3, 1, 4), True),
    **{f"{name}Cell": (f"{name}Cell", dict(units=6, **SET), Call((3, 4), states=states), False) for name, states in STATES.items()},
}
