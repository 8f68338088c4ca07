"""Names of Keras and tf.data that tinyvision does not have, with the nearest that there is in their place: for errors."""
import difflib
import sys

OWN = "in a Layer of your own"
WITH_MAP = "a function in data.Dataset.map"
LAYERS = {                                                 # keras.layers
    **dict.fromkeys(["AdaptiveAveragePooling1D", "AdaptiveMaxPooling1D"], "AveragePooling1D, MaxPooling1D and their pool_size"),
    **dict.fromkeys(["AdaptiveAveragePooling2D", "AdaptiveMaxPooling2D", "AdaptiveAveragePooling3D", "AdaptiveMaxPooling3D"],
                    "AveragePooling2D, MaxPooling2D and their pool_size"),
    **dict.fromkeys(["AdditiveAttention", "Attention", "GroupQueryAttention"],
                    "MultiHeadAttention, or ops.dot_product_attention " + OWN),
    **dict.fromkeys(["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"], "TimeDistributed around convolutions, then LSTM"),
    **{f"{name}3D{rest}": f"{name}2D{rest}; images have two axes" for name, rest in [
        ("AveragePooling", ""), ("AvgPool", ""), ("Conv", ""), ("Conv", "Transpose"), ("Convolution", ""),
        ("Convolution", "Transpose"), ("Cropping", ""), ("GlobalAveragePooling", ""), ("GlobalAvgPool", ""),
        ("GlobalMaxPool", ""), ("GlobalMaxPooling", ""), ("MaxPool", ""), ("MaxPooling", ""), ("SpatialDropout", ""),
        ("UpSampling", ""), ("ZeroPadding", "")]},
    **dict.fromkeys(["AugMix", "RandAugment"],
                    "Sequential, of RandomRotation, RandomTranslation, RandomContrast and RandomBrightness"),
    **dict.fromkeys(["AutoContrast", "ContrastLimitedAdaptiveHistogramEqualization", "Equalization"],
                    "RandomContrast, or Normalization"),
    "CategoryEncoding": "ops.one_hot",
    "Discretization": WITH_MAP + ", with np.digitize",
    **dict.fromkeys(["FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"], "ops " + OWN),
    **dict.fromkeys(["HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"],
                    WITH_MAP + ", with a dictionary of numbers"),
    "InputSpec": "a check in build of a Layer of your own",
    "Masking": "the attention_mask of MultiHeadAttention",
    "MaxNumBoundingBoxes": WITH_MAP,
    **dict.fromkeys(["MelSpectrogram", "STFTSpectrogram"], WITH_MAP + ", with np.fft.rfft"),
    "Pipeline": "Sequential",
    **dict.fromkeys(["RandomColorDegeneration", "RandomGrayscale", "RandomSaturation"], "ops.image.rgb_to_grayscale " + OWN),
    "RandomColorJitter": "RandomBrightness, then RandomContrast",
    "RandomElasticTransform": "RandomTranslation, or ops.image.map_coordinates " + OWN,
    **dict.fromkeys(["RandomGaussianBlur", "RandomSharpness"], "ops.image.gaussian_blur " + OWN),
    "RandomHue": "ops.image.rgb_to_hsv and ops.image.hsv_to_rgb " + OWN,
    "RandomInvert": "Rescaling(-1, 255), which inverts all images",
    "RandomPerspective": "ops.image.perspective_transform " + OWN,
    "RandomPosterization": "ops.floor " + OWN,
    "RandomShear": "RandomRotation, or ops.image.affine_transform " + OWN,
    "ReversibleEmbedding": "Embedding, and Dense",
    "Solarization": "Lambda, with ops.where",
    "SpectralNormalization": 'kernel_constraint="unit_norm" of a layer',
    "StackedRNNCells": "RNN, several of them with return_sequences=True",
    "Wrapper": "a Layer of your own, with the other one as an attribute",
    **dict.fromkeys(["deserialize", "serialize"], "get_config and from_config of a layer"),
}
UTILS = {                                                  # keras.utils
    "Config": "a dictionary",
    **dict.fromkeys(["CustomObjectScope", "custom_object_scope", "get_custom_objects", "get_registered_name",
                     "get_registered_object", "register_keras_serializable"], "custom_objects of models.load_model"),
    "FeatureSpace": WITH_MAP + ", of a dictionary of columns",
    **dict.fromkeys(["Progbar", "disable_interactive_logging", "enable_interactive_logging", "is_interactive_logging_enabled"],
                    "verbose, of fit, evaluate and predict"),
    **dict.fromkeys(["PyDataset", "Sequence", "timeseries_dataset_from_array"], "data.Dataset.from_generator"),
    **dict.fromkeys(["audio_dataset_from_directory", "text_dataset_from_directory"],
                    "data.Dataset.from_tensor_slices of paths and labels, then map"),
    "bounding_boxes": "segmentation_masks, beside the images that layers change",
    **dict.fromkeys(["deserialize_keras_object", "legacy", "serialize_keras_object"],
                    "get_config and from_config of an object; save and models.load_model of a model"),
    "get_file": "data.download.fetch",
    "get_source_inputs": "model.inputs",
    "is_keras_tensor": "isinstance(x, layers.base.SymbolicTensor)",
    **dict.fromkeys(["model_to_dot", "plot_model"], "viz.graph"),
    "normalize": "ops.normalize",
    **dict.fromkeys(["pack_x_y_sample_weight", "unpack_x_y_sample_weight"], "a tuple (x, y, sample_weight)"),
    "pad_sequences": WITH_MAP + ", with np.pad",
    "split_dataset": "take and skip of a data.Dataset, or validation_split of image_dataset_from_directory",
    "standardize_dtype": "np.dtype(dtype).name",
    "to_categorical": "ops.one_hot",
}
APPLICATIONS = {                                           # keras.applications
    **dict.fromkeys([f"EfficientNet{size}" for size in ("B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "V2B0",
                                                        "V2B1", "V2B2", "V2B3", "V2S", "V2M", "V2L")], "EfficientNetLite0"),
    **dict.fromkeys(["efficientnet", "efficientnet_v2"], "efficientnet_lite"),
    **dict.fromkeys(["MobileNetV3Large", "MobileNetV3Small", "NASNetMobile"], "MobileNetV2"),
    **dict.fromkeys(["ResNet101", "ResNet101V2", "ResNet152", "ResNet152V2", "ResNet50V2", "InceptionResNetV2", "InceptionV3",
                     "DenseNet121", "DenseNet169", "DenseNet201", "NASNetLarge", "Xception", "ConvNeXtBase", "ConvNeXtLarge",
                     "ConvNeXtSmall", "ConvNeXtTiny", "ConvNeXtXLarge"], "ResNet50"),
    **dict.fromkeys(["resnet", "resnet_v2", "inception_v3", "inception_resnet_v2", "densenet", "nasnet", "xception",
                     "convnext"], "resnet50"),
    "VGG19": "VGG16", "vgg19": "vgg16", "imagenet_utils": "imagenet", "mobilenet_v3": "mobilenet_v2",
}
DATASET = {                                                # tf.data.Dataset
    "bucket_by_sequence_length": "a loop in from_generator",
    "choose_from_datasets": "from_generator, of a function that draws from an iterator of each",
    "counter": "from_generator(itertools.count)", "element_spec": "next(iter(dataset))",
    "fingerprint": "as_numpy_iterator, whose elements can be hashed", "flat_map": "map, then unbatch",
    "from_tensors": "from_tensor_slices, of one row: x[None]", "get_single_element": "next(iter(dataset))",
    "group_by_window": "a loop in from_generator", "ignore_errors": "LeftOut, raised in the function of map",
    "interleave": "concatenate, then shuffle", "list_files": "from_tensor_slices(sorted(folder.glob('*.jpg')))",
    "load": "from_tensor_slices, of what np.load reads", "options": "prefetch and num_parallel_calls",
    "padded_batch": "map to one shape, then batch", "ragged_batch": "map to one shape, then batch",
    "random": "map, with layers that draw", "rebatch": "unbatch, then batch", "reduce": "a loop over the dataset",
    "rejection_resample": "class_weight of fit",
    "sample_from_datasets": "from_generator, of a function that draws by chance from an iterator of each",
    "save": "as_numpy_iterator, for np.save (cache keeps elements in memory, and writes nothing)",
    "scan": "a loop in from_generator", "shard": "enumerate, then filter by i.item() % n",
    "snapshot": "cache, in memory only", "sparse_batch": "batch", "take_while": "a loop in from_generator",
    "unique": "a loop in from_generator", "window": "batch", "with_options": "prefetch and num_parallel_calls",
}


def missing(owner: str, name: str, nearest: dict, known=()) -> AttributeError:
    """The error for a name that an owner does not have: what is nearest to it, or which of the known names was meant."""
    if name in nearest:
        return AttributeError(f"{owner} has no {name}; there is: {nearest[name]}")
    close = difflib.get_close_matches(name, known, 1)
    return AttributeError(f"{owner} has no attribute {name!r}" + (f": did you mean {close[0]!r}?" if close else ""))


def of_layers(name):
    """`__getattr__` of tinyvision.layers: for names that it does not have."""
    raise missing("tinyvision.layers", name, LAYERS, dir(sys.modules[f"{__package__}.layers"]))


def of_applications(name):
    """`__getattr__` of tinyvision.applications: for names that it does not have."""
    raise missing("tinyvision.applications", name, APPLICATIONS, dir(sys.modules[f"{__package__}.applications"]))


def of_utils(name):
    """`__getattr__` of tinyvision.utils: for names that it does not have."""
    raise missing("tinyvision.utils", name, UTILS, dir(sys.modules[f"{__package__}.utils"]))
