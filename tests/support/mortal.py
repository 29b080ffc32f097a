"""Registries whose process dies before a write, or is overtaken by another one."""

from __future__ import annotations

from support.memory import MemoryModels


class Killed(BaseException):
    """The process is gone."""


class Mortal(MemoryModels):
    """Dies before its n-th write to the store."""

    def __init__(self, of, n_writes):
        super().__init__(**{name: getattr(of, name) for name in of.__dataclass_fields__})
        self.left = n_writes
        store, this = self.ledger, self

        class Store:
            def __getattr__(self, name):
                return getattr(store, name)

            def append(self, entry):
                this.write()
                store.append(entry)

            def mark(self, task, digest):
                this.write()
                store.mark(task, digest)

        self.ledger = Store()

    def write(self):
        self.left -= 1
        if self.left < 0:
            raise Killed

    def point(self, task, alias, number):
        self.write()
        super().point(task, alias, number)


class Raced(MemoryModels):
    """Somebody else writes a record after this one has read the chain, and before it writes its own."""

    def __init__(self, of, other):
        super().__init__(**{name: getattr(of, name) for name in of.__dataclass_fields__})
        store = self.ledger

        class Store:
            raced = False

            def __getattr__(self, name):
                return getattr(store, name)

            def append(self, entry):
                if not self.raced:
                    self.raced = True
                    other()
                store.append(entry)

        self.ledger = Store()
