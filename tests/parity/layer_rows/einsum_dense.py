"""EinsumDense."""
ROWS = {
    "EinsumDense": ("EinsumDense", dict(equation="ab,bc->ac", output_shape=5, bias_axes="c"), (3, 4), None),
    "EinsumDense into heads": ("EinsumDense", dict(equation="abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de"), (3, 5, 4), None),
    "EinsumDense out of heads": ("EinsumDense", dict(equation="abcd,cde->abe", output_shape=(None, 3), bias_axes="e",
                                                     activation="relu"), (2, 5, 2, 3), None),
    "EinsumDense over steps": ("EinsumDense", dict(equation="abc,bd->adc", output_shape=(6, 4), bias_axes="d", activation="tanh",
                                                  kernel_initializer="he_normal", bias_initializer="ones"), (3, 5, 4), None),
    "EinsumDense to the left": ("EinsumDense", dict(equation="...x,xy->...y", output_shape=3, bias_axes="y"), (2, 5, 2, 3), None),
    "EinsumDense to the right": ("EinsumDense", dict(equation="ab...,bc->ac...", output_shape=3, bias_axes="c"), (2, 5, 2, 3), None),
    "EinsumDense no bias": ("EinsumDense", dict(equation="abc,cd->abd", output_shape=(None, 3)), (3, 5, 4), None),
}
