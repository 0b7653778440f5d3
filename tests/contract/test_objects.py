"""The destination in an object store fulfils the contract, with a store in memory; ``tests/e2e`` uses real servers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import obstore
import pytest
from obstore.store import MemoryStore

from crawler.model.interfaces import Destination
from crawler.storage.objects.destination import ObjectDestination
from crawler.storage.objects.location import Location
from tests.contract.destination import DestinationContract, Place


class StorePlace(Place):
    bytes_in_names = False

    def __init__(self) -> None:
        self.store = MemoryStore()

    def open(self) -> AbstractAsyncContextManager[Destination]:
        return ObjectDestination(self.store, Location("s3", "memory", ""))

    def read(self, path: str) -> bytes | None:
        try:
            return bytes(obstore.get(self.store, path).bytes())
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        return sorted(item["path"] for chunk in obstore.list(self.store) for item in chunk)


class TestObjects(DestinationContract):
    @pytest.fixture
    def place(self) -> Place:
        return StorePlace()
