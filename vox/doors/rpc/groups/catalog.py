"""Methods about the catalogue: which models there are to choose from."""

from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import problems_shape
from vox.errors import NotAuthorized
from vox.runtime.catalog import CatalogList
from vox.runtime.runtime import Runtime

__all__ = ["CatalogMethods"]


class CatalogMethods:
    """`models.catalog`, `models.refreshCatalog`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {"models.catalog": self._catalog, "models.refreshCatalog": self._refresh}

    async def _catalog(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        return await self._shape(await self._runtime.catalog())

    async def _refresh(self, _: Params, access: Access, __: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not have the catalogue fetched.")
        return await self._shape(await self._runtime.catalog(refresh=True))

    async def _shape(self, catalog: CatalogList) -> dict[str, Any]:
        """The list, and beside each model what its provider says of it here; None where no provider serves it."""
        models, problems = await self._runtime.models(("asr", "tts"))
        here = {info.id: info for info in models}
        shown = catalog.model_dump(mode="json", by_alias=True)
        for model in shown["models"]:
            info = here.get(model["id"])
            model["installed"], model["available"] = (info.installed, info.available) if info else (None, None)
        return {**shown, "problems": problems_shape(problems)}
