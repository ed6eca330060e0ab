"""A dictionary that forgets its oldest entries instead of growing."""

from __future__ import annotations

import threading
from typing import Dict, Generic, Optional, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: Dict[K, V] = {}

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> Optional[V]:
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            if key in self._values:
                del self._values[key]
            while len(self._values) >= self._most:
                del self._values[next(iter(self._values))]
            self._values[key] = value

    def drop(self, key: K) -> None:
        with self._lock:
            if key in self._values:
                del self._values[key]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
