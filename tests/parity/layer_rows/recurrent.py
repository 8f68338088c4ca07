"""Recurrent networks."""
from . import Call

SEQUENCES = 3, 5, 4
SET = dict(recurrent_initializer="zeros")                  # weights are set, so there is no need to draw orthogonal ones

WAYS = {
    "": {},
    " all": dict(return_sequences=True, return_state=True, go_backwards=True, activation="relu", dropout=0.4, recurrent_dropout=0.3),
    " bare": dict(units=5, use_bias=False, activation=None, return_sequences=True, unroll=True, kernel_initializer="zeros"),
}
GATES = {" other gates": dict(recurrent_activation="softmax", activation="sigmoid", return_state=True, bias_initializer="ones")}
FORGETFUL = dict(unit_forget_bias=False, go_backwards=True, recurrent_activation="hard_sigmoid", use_cudnn=False)
LAYERS = {"SimpleRNN": WAYS | {" again": dict(activation="sigmoid", bias_initializer="ones")}, "LSTM": WAYS | GATES | {" forgetful": FORGETFUL},
          "GRU": WAYS | GATES | {f"{name} before": {**how, "reset_after": False} for name, how in (WAYS | GATES).items()}}
LAYERS["GRU"][" all before"]["recurrent_activation"] = "hard_sigmoid"
CELLS = {"": {}, " linear": dict(units=5, activation=None, use_bias=False, kernel_initializer="zeros"),
         " relu": dict(activation="relu", bias_initializer="ones")}
CELL_GATES = {"SimpleRNN": [{}, {}, {}], "LSTM": [{}, dict(recurrent_activation="softmax"), dict(recurrent_activation="tanh", unit_forget_bias=False)],
              "GRU": [{}, dict(recurrent_activation="softmax"), dict(recurrent_activation="tanh", reset_after=False)]}
STATES = {"SimpleRNN": 1, "LSTM": 2, "GRU": 1}


def states(name, units=6):
    return [(3, units)] * STATES[name]


ROWS = {
    **{name + way: (name, {"units": 6, **SET, **how}, SEQUENCES, False) for name, ways in LAYERS.items()
       for way, how in ways.items()},
    **{f"{name} from a state": (name, dict(units=6, **SET, return_state=True), Call(SEQUENCES, initial_state=states(name)), False)
       for name in STATES},
    "LSTM one step": ("LSTM", dict(units=6, **SET), (3, 1, 4), True),
    **{f"{name}Cell{way}": (f"{name}Cell", {"units": 6, **SET, **how, **gates}, Call((3, 4), states=states(name, how.get("units", 6))), False)
       for name in STATES for (way, how), gates in zip(CELLS.items(), CELL_GATES[name])},
}
