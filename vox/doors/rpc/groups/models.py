"""Methods about models: which there are, getting them, loading them."""

from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import model_shape, problems_shape, progress_emitter
from vox.errors import InvalidRequest, NotAuthorized
from vox.runtime.catalog import CatalogModel
from vox.runtime.runtime import Runtime
from vox.types import Kind

__all__ = ["ModelMethods"]


class ModelMethods:
    """`models.list`, `models.install`, `models.import`, `models.remove`, `models.preload`, `synthesize.models`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "models.list": self._models_list,
            "models.install": self._models_install,
            "models.import": self._models_import,
            "models.remove": self._models_remove,
            "models.preload": self._models_preload,
            "synthesize.models": self._synthesize_models,
        }

    async def _models_list(self, params: Params, _: Access, __: Emit) -> dict[str, Any]:
        wanted = params.text("kind") or "asr"  # the published clients expect ASR models here
        kinds: dict[str, tuple[Kind, ...]] = {"asr": ("asr",), "tts": ("tts",), "all": ("asr", "tts")}
        if wanted not in kinds:
            raise InvalidRequest(f"kind is {wanted!r}; it must be asr, tts or all.")
        return await self._list(kinds[wanted])

    async def _synthesize_models(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        return await self._list(("tts",))

    async def _list(self, kinds: tuple[Kind, ...]) -> dict[str, Any]:
        models, problems = await self._runtime.models(kinds)
        defaults = {await self._runtime.default_model(kind) for kind in kinds}
        known = {model.id: model for model in (await self._runtime.catalog()).models}
        shown = [
            _described(model_shape(info), known.get(info.id)) | {"default": info.id in defaults}
            for info in sorted(models, key=lambda info: info.id)
        ]
        return {"models": shown, "problems": problems_shape(problems)}

    async def _models_install(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not install models.")
        return {"model": model_shape(await self._runtime.install(params.text("modelId"), progress_emitter(emit)))}

    async def _models_import(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not import models.")
        if not params.given("path"):
            raise InvalidRequest("Missing path")
        path = params.path("path")
        if path is None or not path.is_absolute():
            raise InvalidRequest("path must be an absolute path: the daemon runs in another folder than its clients.")
        report, link = progress_emitter(emit), params.flag("link") or False
        return {"model": model_shape(await self._runtime.import_model(path, params.text("modelId"), report, link=link))}

    async def _models_remove(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not remove models.")
        model = params.text("modelId")
        if model is None:
            raise InvalidRequest("modelId is missing: say which model to remove.")
        return {"model": model_shape(await self._runtime.remove_model(model, progress_emitter(emit)))}

    async def _models_preload(self, params: Params, _: Access, emit: Emit) -> dict[str, Any]:
        return {"model": model_shape(await self._runtime.preload(params.text("modelId"), progress_emitter(emit)))}


def _described(model: dict[str, Any], known: CatalogModel | None) -> dict[str, Any]:
    """The model, with what the catalogue knows of it and its provider does not say."""
    if known is None:
        return model
    told = {"licence": known.licence, "requires": known.requires}
    size = {} if model["sizeBytes"] or known.size_bytes is None else {"sizeBytes": known.size_bytes}
    return {**model, **size, **{name: value for name, value in told.items() if value}}
