"""Where onnxruntime computes: the best that is offered, what is named, and the CPU where the best fails."""

import pytest

from vox.provider import ProviderError
from vox_providers import _onnx_session
from vox_providers._onnx_session import CPU, is_accelerated, on_best

CUDA, DML, COREML = "CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider"
TENSORRT, AZURE = "TensorrtExecutionProvider", "AzureExecutionProvider"


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOX_ONNX_PROVIDERS", raising=False)
    monkeypatch.delenv("VOX_ONNX_THREADS", raising=False)
    monkeypatch.setattr(_onnx_session._state, "accelerated", False)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([AZURE, CPU], [CPU]),
        ([TENSORRT, CUDA, CPU], [CUDA, CPU]),
        ([DML, CPU], [DML, CPU]),
        ([COREML, AZURE, CPU], [COREML, CPU]),
    ],
)
@pytest.mark.parametrize("named", ["", "auto", " AUTO "])
def test_the_best_that_is_offered(
    monkeypatch: pytest.MonkeyPatch, named: str, offered: list[str], chosen: list[str]
) -> None:
    monkeypatch.setenv("VOX_ONNX_PROVIDERS", named)
    assert on_best(offered, list) == chosen
    assert is_accelerated() == (chosen != [CPU])


@pytest.mark.parametrize(
    ("named", "chosen"),
    [("cpu", [CPU]), ("directml, cpu", [DML, CPU]), ("DmlExecutionProvider", [DML]), (",", [CPU])],
)
def test_what_is_named_is_used(monkeypatch: pytest.MonkeyPatch, named: str, chosen: list[str]) -> None:
    monkeypatch.setenv("VOX_ONNX_PROVIDERS", named)
    assert on_best([DML, CPU], list) == chosen


def test_what_is_named_and_not_offered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ONNX_PROVIDERS", "cuda,cpu")
    with pytest.raises(ProviderError, match="'cuda', but the installed onnxruntime offers CPUExecutionProvider"):
        on_best([CPU], list)


def no_driver(providers: list[str]) -> list[str]:
    if providers != [CPU]:
        raise RuntimeError("no driver")
    return providers


def test_the_cpu_where_the_best_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert on_best([CUDA, CPU], no_driver) == [CPU]
    assert capsys.readouterr().err == f"{CUDA} cannot be used here, so the CPU is: no driver\n"
    assert not is_accelerated()


def test_what_is_named_fails_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ONNX_PROVIDERS", "cuda,cpu")
    with pytest.raises(RuntimeError, match="no driver"):
        on_best([CUDA, CPU], no_driver)


@pytest.mark.parametrize("named", ["0", "two", "²", "-1"])
def test_threads_are_a_number(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("VOX_ONNX_THREADS", named)
    with pytest.raises(ProviderError, match="VOX_ONNX_THREADS"):
        _onnx_session.threads()
