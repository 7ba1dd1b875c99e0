"""The addresses of an application's replicas, in the store that Ray's head keeps for all machines.

A replica that is full answers no call of Ray's, but is found here. All functions block.
"""

from __future__ import annotations

import pickle

from ray.experimental import internal_kv

from ._relay import Address

_NAMESPACE = b"chatterbox"


class Roster:
    """Who puts an address here says so again from time to time: others remove what does not answer."""

    def __init__(self, application: str) -> None:
        self._prefix = f"{application}:"

    def _key(self, replica: str) -> bytes:
        return (self._prefix + replica).encode()

    def put(self, address: Address) -> None:
        key = self._key(address.replica)
        internal_kv._internal_kv_put(key, pickle.dumps(address), namespace=_NAMESPACE)

    def remove(self, address: Address) -> None:
        internal_kv._internal_kv_del(self._key(address.replica), namespace=_NAMESPACE)

    def addresses(self) -> list[Address]:
        keys = internal_kv._internal_kv_list(self._prefix.encode(), namespace=_NAMESPACE)
        values = [internal_kv._internal_kv_get(key, namespace=_NAMESPACE) for key in keys]
        return [pickle.loads(value) for value in values if value]  # some may be gone meanwhile
