"""Networks with published weights, a module a family. https://keras.io/api/applications/

    from tinyvision.applications import efficientnet_lite
    model = efficientnet_lite.EfficientNetLite0()
    predictions = model.predict(efficientnet_lite.preprocess_input(pictures))
    efficientnet_lite.decode_predictions(predictions, top=3)
"""
from ..nearest import of_applications as __getattr__
from . import efficientnet_lite, imagenet, mobilenet, mobilenet_v2, resnet50, squeezenet, vgg16
from .efficientnet_lite import EfficientNetLite0
from .mobilenet import MobileNet
from .mobilenet_v2 import MobileNetV2
from .resnet50 import ResNet50
from .squeezenet import SqueezeNet
from .vgg16 import VGG16
