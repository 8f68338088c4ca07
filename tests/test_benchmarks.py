"""The parts of the benchmarks that can be wrong: that libraries compute the same, what is said of those that do not, the report."""
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import emulated_cuda
import fake_cupy
import numpy as np
import pytest

from tinyvision import device, kernels

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import in_tinyvision  # noqa: E402
import libraries  # noqa: E402
import networks  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import run  # noqa: E402
import tasks  # noqa: E402
import worker as worker_process  # noqa: E402


@pytest.fixture(params=[False, True], ids=["channels first", "channels last"])
def torch_library(request):
    torch = pytest.importorskip("torch", reason="needs torch, which the benchmarks compare with")
    import in_torch
    threads = torch.get_num_threads()
    yield in_torch.Library(threads, channels_last=request.param)


@pytest.fixture
def ours():
    return in_tinyvision.Library(None)


@pytest.mark.parametrize("network", [networks.MNIST, networks.CATS.at_size(90).without_dropout()], ids=lambda n: n.title)
def test_the_same_weights_give_the_same_loss_and_gradients(network, ours, torch_library):
    weights, (images, labels) = networks.initial_weights(network), networks.batch(network, 4)
    loss, gradients = ours.loss_and_gradients(network, weights, images, labels)
    theirs, their_gradients = torch_library.loss_and_gradients(network, weights, images, labels)
    np.testing.assert_allclose(loss, theirs, rtol=1e-5)
    assert len(gradients) == len(their_gradients)
    for mine, other in zip(gradients, their_gradients):
        # Not closer: rounding can decide which pixel of a 2x2 window is the largest, and send a gradient to another place.
        assert mine.shape == other.shape and np.linalg.norm(mine - other) < 1e-2 * np.linalg.norm(other)


@pytest.mark.parametrize("name", ["blocks-resnet", "blocks-mobilenet", "blocks-unet", "imagenet-lite0-1", "imagenet-squeezenet-1", "mnist-predict-32", "layers-mnist-2-forward",
                                  "layers-mnist-2-input-gradient", "layers-mnist-2-kernel-gradient", "layers-mnist-2-backward"])
def test_what_is_compared_agrees(name, ours, torch_library):
    task = replace(tasks.TASKS[name], batch=2)
    check = tasks.KINDS[task.kind][1]
    mine, theirs = check(ours, task), check(torch_library, task)
    assert len(mine) == len(theirs) and tasks.disagreement(task, theirs, mine) is None


def test_who_computes_something_else_is_found_out():
    train, block = tasks.TASKS["mnist-train-64"], tasks.TASKS["blocks-unet"]
    assert tasks.disagreement(train, [2.3, 1.01], [2.3, 1.0]) is None
    assert "loss of step 1 is 2.301" in tasks.disagreement(train, [2.301, 1.0], [2.3, 1.0])
    assert "loss of step 2" in tasks.disagreement(train, [2.3, 1.06], [2.3, 1.0])
    assert "number 2" in tasks.disagreement(block, [5.0, 7.1], [5.0, 7.0])


def test_every_batch_is_another_and_can_be_learned():
    images, labels = networks.batch(networks.MNIST, 64)
    rows = images.mean(axis=(2, 3)).reshape(64, 28)
    assert np.abs(rows.argmax(axis=1) - (labels + 1) * 2).max() <= 1                # the bar is where the label says
    assert not np.array_equal(images, networks.batch(networks.MNIST, 64, 1)[0])


def test_a_worker_answers_and_survives_a_bad_request():
    worker = libraries.Worker("tinyvision", 1)
    try:
        values = worker.ask(task="mnist-predict-1", check=True)["values"]
        np.testing.assert_allclose(sum(values), 1, rtol=1e-5)
        with pytest.raises(libraries.Failed, match="KeyError"):
            worker.ask(task="no such task", check=True)
        answer = worker.ask(task="mnist-predict-1", warm=1, repeat=3)
        assert len(answer["seconds"]) == 3 and min(answer["seconds"]) > 0 and answer["peak"] > 10
    finally:
        worker.stop()


def test_a_library_that_prints_and_fails_is_left_out_with_the_reason(tmp_path):
    (tmp_path / "torch.py").write_text("print('noise')\nraise ImportError('broken on purpose')\n")
    worker = libraries.Worker("torch", 1, {"PYTHONPATH": str(tmp_path)})
    with pytest.raises(libraries.Failed, match="ImportError: broken on purpose"):
        worker.start()
    worker.stop()


@pytest.mark.parametrize("options, complaint", [
    (["--only", "mnist,nonsense"], "no task starts with 'nonsense'; sections are mnist, cats, layers"),
    (["--only", "memory", "--quick"], "no small tasks among memory"),
    (["--threads", "0"], "this machine has 1 to"),
    (["--devices", "cpu,gpu"], "argument --devices: unknown device 'gpu': there are cpu and cuda"),
    (["--devices", "cpu", "--batch-sizes", "8,0"], "whole numbers from 1, for example 1,8,32,128,512; got '8,0'"),
    (["--devices", "cpu", "--only", "layers"], "no task starts with 'layers'; sections are mnist, cats, and"),
    (["--devices", "cpu", "--precision", "tf32"], "--precision to --devices cuda"),
    (["--batch-sizes", "8"], "--batch-sizes belongs to --devices")])
def test_wrong_options_are_explained(options, complaint):
    done = subprocess.run([sys.executable, BENCHMARKS / "run.py", *options], capture_output=True, text=True)
    assert done.returncode == 2 and complaint in done.stderr.replace("\n", " ")


def test_only_selects_by_prefix():
    assert {task.section for task in tasks.selected(["mnist", "layers-cats"])} == {"mnist", "layers"}
    assert len(tasks.selected([])) == len(tasks.TASKS)
    assert all(task.quick for task in tasks.selected([], quick=True))


def made_up_record(date, ours):
    """A record of three tasks: tinyvision takes `ours` seconds, PyTorch 4 and 5, and 1 with its memory tuned."""
    seconds = {"tinyvision": ours, "torch": 4.0, "torch channels last": 5.0, "torch tuned malloc": 1.0, "keras": 6.0}
    found = {name: results.summary([0.9 * value, value, 1.1 * value]) for name, value in seconds.items()}
    record = {**results.new(2, False), "processor": "Made Up", "date": date, "versions": {"torch": "0.0"},
              "left out": {"dezero": "ModuleNotFoundError: no dezero"}}
    names = "mnist-train-64", "scaling-batch-16", "scaling-batch-32", "scaling-image-90", "scaling-image-120"
    record["tasks"] = {name: {"unit": "s", "libraries": found, "left out": {}} for name in names}
    record["tasks"]["blocks-unet"] = {"unit": "s", "libraries": {"tinyvision": found["tinyvision"]},
                                      "left out": {"torch": "computes something else"}}
    record["tasks"]["a task of old"] = record["tasks"]["blocks-unet"]
    return record


def test_the_report_of_two_records(tmp_path):
    for record in made_up_record("2000-01-01", 2.0), made_up_record("2000-01-02", 3.0):
        results.save(record, tmp_path)
    report.write(tmp_path, tmp_path / "README.md")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| 2000 | 4000 | **0.50** | 1000 | 2.00 | 6000 |  | ours 1900 to 2100 (3); channels first 3800 to 4200 (3) |" in text
    assert "| 3000 | 4000 | **0.75** |" in text
    assert "torch left out: computes something else" in text and "dezero is left out: ModuleNotFoundError: no dezero" in text
    for name in "ratios", "batch_size", "image_size":
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG") and f"({name}.png)" in text
    legend = [text.get_text() for text in report.draw_ratios(results.stored(tmp_path)).legends[0].texts]
    assert legend == ["Made Up, 2 threads, 2000-01-01", "Made Up, 2 threads, 2000-01-02"]


def test_a_second_run_of_a_day_keeps_the_tasks_of_the_first(tmp_path):
    record = results.new(1, True)
    record["tasks"]["mnist-train-64"] = {"unit": "s", "libraries": {}, "left out": {}}
    results.save(record, tmp_path)
    path, = tmp_path.iterdir()
    assert json.loads(path.read_text()) == record
    assert results.opened(1, True, tmp_path)["tasks"] == record["tasks"]
    assert not results.opened(1, False, tmp_path)["tasks"]                           # a quick run is kept apart


def test_the_pipeline_is_measured_and_reported(tmp_path):
    import pipeline
    pipeline.make_folder(tmp_path / "images", (20, 30), 6)
    data = pipeline.augmented(tmp_path / "images")
    assert pipeline.speed_of_a_pass(data) > 0 and [x.shape for x, _ in data] == [(6, 180, 180, 3)]
    record = {**results.new(2, False), "processor": "Made Up", "date": "2000-01-01", "versions": {"pillow": "0.0"},
              "tasks": {"training": results.summary([90.0, 100, 110]), "files of 180x180": results.summary([400.0, 500, 600])}}
    results.save(record, tmp_path / "pipeline")
    report.write(tmp_path, tmp_path / "README.md")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| files of 180x180 | 500 | 5.00 | 450 to 550 (3) |" in text and "Made Up, 2 threads, 2000-01-01; pillow 0.0:" in text
    assert "There are no results yet." in report.pipelines({})


# CPU against GPU ----------------------------------------------------------------------------------------------------------

SMALL_GPU = """import sys
import fake_cupy
cupy = sys.modules["cupy"] = fake_cupy.make()
asarray = cupy.asarray

def in_little_memory(a):
    if a.shape == (3, 28, 28, 1):
        raise fake_cupy.OutOfMemoryError(1 << 40, 0)
    return asarray(a)

cupy.asarray = in_little_memory
"""


@pytest.mark.skipif(not emulated_cuda.available, reason="needs g++: kernels of GPUs run on the CPU where it is installed")
def test_devices_are_measured_and_drawn(tmp_path, monkeypatch, capsys):
    """On a GPU that NumPy feigns, here and in the workers, and that has no room for three digits."""
    (tmp_path / "cupy.py").write_text(SMALL_GPU, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(Path(__file__).parent)]))
    monkeypatch.setattr(run, "ENTRIES", {"tinyvision": libraries.ENTRIES["tinyvision"]})
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    monkeypatch.setattr(report, "write", lambda write=report.write: write(tmp_path, tmp_path / "README.md"))
    with fake_cupy.installed():
        run.main(["--devices", "cpu,cuda", "--batch-sizes", "3,1", "--only", "mnist", "--quick", "--threads", "1"])
    gpu, cpu = sorted(results.stored(tmp_path / "devices").values(), key=lambda record: record["device"], reverse=True)
    assert (gpu["device"], gpu["gpu"], gpu["precision"]) == ("cuda", "a GPU that NumPy feigns", "float32")
    assert cpu["device"] == "cpu" and "gpu" not in cpu and "precision" not in cpu
    names = ["mnist-train-1", "mnist-train-3", "mnist-predict-1", "mnist-predict-3"]
    assert list(cpu["tasks"]) == list(gpu["tasks"]) == names
    for name in names:
        assert cpu["tasks"][name]["libraries"]["tinyvision"]["median"] > 0 and not cpu["tasks"][name]["left out"]
    for name in names[::2]:
        assert gpu["tasks"][name]["libraries"]["tinyvision"]["calls"] >= 3 and not gpu["tasks"][name]["left out"]
    for name in names[1::2]:
        assert not gpu["tasks"][name]["libraries"]
        assert gpu["tasks"][name]["left out"]["tinyvision"].startswith("out of memory: OutOfMemoryError")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert (tmp_path / "devices.png").read_bytes().startswith(b"\x89PNG") and "(devices.png)" in text
    assert "## a GPU that NumPy feigns, float32, " in text and "| MNIST convnet, training step, batch 3 |" in text
    assert "has not been run on a GPU" not in text


def test_without_a_gpu_nothing_is_measured(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    device.gpu._usable.cache_clear()
    monkeypatch.setattr(run, "measure_all", lambda options: pytest.fail("it measures"))
    with pytest.raises(SystemExit, match="^--devices cuda: a GPU needs CuPy, which is not installed: .*$"):
        run.main(["--devices", "cpu,cuda"])


def test_the_clock_waits_for_a_gpu(monkeypatch):
    """After each call, those too that are not timed; the CPU is not asked."""
    log, request = [], {"task": "mnist-predict-1", "warm": 1, "repeat": 2}
    library = SimpleNamespace(synchronize=lambda: log.append("wait"))
    monkeypatch.setitem(tasks.KINDS, "predict", (lambda library, task: lambda: log.append("call"), None, None))
    assert len(worker_process.respond(library, request, {}, "cuda")["seconds"]) == 2
    assert log == ["call", "wait"] * 3
    worker_process.respond(library, request, {}, "cpu")
    assert log[6:] == ["call"] * 3


@pytest.mark.parametrize("error", [
    MemoryError("Unable to allocate 3 TiB"), fake_cupy.OutOfMemoryError(1, 2), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), ValueError("OOM when allocating tensor")])
def test_whoever_is_short_of_memory_says_so(error):
    assert worker_process.described(error) == f"out of memory: {type(error).__name__}: {error}"
    assert worker_process.described(ValueError("one\ntwo")) == "ValueError: one"


def test_a_gpu_must_compute_what_the_cpu_does():
    class Says:
        precision = "float32"

        def __init__(self, *values):
            self.values = values

        def ask(self, **request):
            return {"values": self.values}
    task, failures = tasks.named("mnist-train-8"), {}
    gpu = {"tinyvision": Says(2.31), "torch": Says(2.3)}
    assert run.agreeing(task, gpu, {}, failures) == ["tinyvision"] and set(failures) == {"torch"}
    failures.clear()
    assert run.agreeing(task, gpu, {run.JUDGE: Says(2.3)}, failures) == ["torch"] and set(failures) == {"tinyvision"}
    gpu["tinyvision"].precision = "tf32"
    assert run.agreeing(task, gpu, {run.JUDGE: Says(2.3)}, {}) == ["tinyvision", "torch"]


def test_precision_is_the_same_for_all():
    torch = pytest.importorskip("torch", reason="needs torch, which the benchmarks compare with")
    import in_torch
    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    for precision in "tf32", "float32":
        in_torch.Library(torch.get_num_threads(), precision=precision), in_tinyvision.Library(None, precision=precision)
        assert [flag.allow_tf32 for flag in flags] == [precision == "tf32"] * 2 and kernels.get_precision() == precision


def test_tasks_of_any_batch_size_have_names():
    assert tasks.named("mnist-train-64") is tasks.TASKS["mnist-train-64"]
    task = tasks.named("cats-predict-5")
    assert (task.title, task.kind, task.batch) == ("cats-vs-dogs convnet, inference, batch 5", "predict", 5)
    assert tasks.by_batch_size()["cats-train-128"] == tasks.named("cats-train-128")
    for name in "layers-train-5", "mnist-train-", "a task of old":
        with pytest.raises(KeyError):
            tasks.named(name)


def record_of(device, speed, **where):
    """A made-up record of one device; PyTorch runs out of memory at 512 on a GPU."""
    record = {**results.new(2, False), "processor": "Made Up", "device": device, "date": "2000-01-01", **where}
    for name, task in tasks.by_batch_size([512, 8]).items():
        found = {library: results.summary([(1 + task.batch) / speed]) for library in ("tinyvision", *libraries.RIVALS)}
        short = dict.fromkeys(libraries.RIVALS, "out of memory: ...") if device == "cuda" and task.batch == 512 else {}
        record["tasks"][name] = {"unit": "s", "left out": short,
                                 "libraries": {library: one for library, one in found.items() if library not in short}}
    return record


def test_the_plot_of_devices():
    older = record_of("cuda", 1, gpu="Fast", precision="tf32")
    newer = {**record_of("cuda", 900, gpu="Fast", precision="tf32"), "date": "2000-01-02"}
    figure = report.draw_devices({"newer": newer, "older": older, "cpu": record_of("cpu", 90)})
    training = figure.axes[0]
    assert training.get_title() == "MNIST convnet, training step" and len(figure.axes) == 4
    assert training.get_xscale() == training.get_yscale() == "log"
    heights = [list(line.get_ydata()) for line in training.lines]
    np.testing.assert_allclose(heights[0], [90 * 8 / 9, 90 * 512 / 513], rtol=1e-3)                  # tinyvision, CPU
    np.testing.assert_allclose(heights[2], [900 * 8 / 9, 900 * 512 / 513], rtol=1e-3)                # and the GPU, newer
    assert [list(line.get_xdata()) for line in training.lines] == [[8, 512]] * 3 + [[8], [512]]        # a cross at the end
    legend = [text.get_text() for text in figure.legends[0].texts]
    assert legend == ["tinyvision", "torch", "Made Up, 2 threads", "Fast, tf32", "out of memory"]
    assert report.draw_devices({}) is None
