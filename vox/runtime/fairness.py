"""The order of the waiting line: interactive calls before batch, and within a class the same work for every client.

**Between clients**, deficit round robin. In each round a client earns one quantum of credit, and its oldest call is
served once the credit covers the call's cost. So a client with one short call is served after a few rounds, however
many long calls of another client wait, and clients that always have something waiting get the same amount of work,
whatever its size. Nothing is handed out for rounds nobody could use: the round in which a call can be paid is known
when it becomes its client's first, so each client stands in a heap under that round, and an operation costs the
logarithm of the number of clients. A client that has nothing waiting leaves with its credit; one that comes begins in
the current round with none.

**Between classes**, interactive first. A batch call that has waited for `AGEING_S` may go before interactive ones, but
only when `PASSES` of those have gone before batch in a row: so batch never starves, a long backlog of it cannot turn
the order round, and where batch has its turns anyway nobody in a hurry waits for it.

A call whose model has no room is passed by. There is one heap for each model, so those that wait for a full model cost
nothing when another model has room.
"""

import heapq
from bisect import insort
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import chain, count
from math import ceil
from operator import attrgetter
from time import monotonic
from typing import TypeAlias

from vox.runtime.line import Fits, Ticket

__all__ = ["AGEING_S", "PASSES", "QUANTUM", "FairLine"]

QUANTUM = 1.0
"""Cost a client earns a round: a second of audio, or a character. Less than any call worth the name, so that a client
in the middle of its work is never first by what is left of its turn. A smaller one would change nothing, and rounds
are counted, not walked, so a small one costs nothing."""

AGEING_S = 10.0
"""Seconds a batch call waits before it may go before interactive ones: far longer than a person's pause between two
sentences, far shorter than what is worth giving up a batch for."""

PASSES = 4
"""Interactive calls in a row for each batch call that goes before them: a fifth is enough to get on with."""

_SLACK = 64  # dead entries a heap may hold beside as many as there are tickets, before it is made anew

_Entry: TypeAlias = "tuple[int, int, int, _Client]"
"""The round in which a client can pay, the number of the ticket that it is about, the entry's own number, the client.
An entry is dead when its client has another one for the model."""


class FairLine:
    """The order described above, as a `Line`.

    Args:
        clock: The one that `Ticket.since` was read from.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._interactive, self._batch = _Class(), _Class()
        self._first: list[Ticket] = []  # let in and sent back: by the time they began to wait
        self._numbers = count(1)
        self._clock = clock
        self._passed = PASSES  # interactive calls in a row that went before waiting batch calls

    def __len__(self) -> int:
        return len(self._first) + len(self._interactive.tickets) + len(self._batch.tickets)

    def __iter__(self) -> Iterator[Ticket]:
        return chain(self._first, self._interactive.in_order(), self._batch.in_order())

    def push(self, ticket: Ticket) -> None:
        """A call begins to wait."""
        ticket.number = next(self._numbers)
        self._class_of(ticket).push(ticket)

    def push_first(self, ticket: Ticket) -> None:
        """A call that was let in already has to wait again, before all others."""
        insort(self._first, ticket, key=attrgetter("since"))

    def pop(self, fits: Fits) -> Ticket | None:
        """Take out the next ticket that fits; None when none does."""
        for index, ticket in enumerate(self._first):
            if fits(ticket.model):
                return self._first.pop(index)
        if not self._batch.tickets:
            return self._interactive.pop(fits)
        if self._interactive.tickets and not self._is_due():
            ticket = self._interactive.pop(fits)
            if ticket is not None:
                self._passed += 1
                return ticket
        ticket = self._batch.pop(fits)
        if ticket is None:
            return self._interactive.pop(fits)
        self._passed = 0
        return ticket

    def remove(self, ticket: Ticket) -> bool:
        """A waiting call gave up. False when it is not in the line any more."""
        if ticket in self._first:
            self._first.remove(ticket)
            return True
        return self._class_of(ticket).remove(ticket)

    def oldest(self) -> float | None:
        """Since when the ticket that has waited longest waits; None when the line is empty."""
        heads = [ticket.since for ticket in self._first[:1]]
        heads += [group.oldest() for group in (self._interactive, self._batch) if group.tickets]
        return min(heads, default=None)

    def _class_of(self, ticket: Ticket) -> "_Class":
        return self._batch if ticket.priority == "batch" else self._interactive

    def _is_due(self) -> bool:
        """Whether batch may go first now although interactive calls wait."""
        return self._passed >= PASSES and self._clock() - self._batch.oldest() >= AGEING_S


class _Class:
    """The waiting calls of one priority, by deficit round robin."""

    def __init__(self) -> None:
        self.tickets: OrderedDict[int, Ticket] = OrderedDict()
        """By number, so in the order of arrival."""
        self._clients: dict[str, _Client] = {}
        self._heaps: dict[str, list[_Entry]] = {}
        self._entries = count()
        self._round = 0

    def oldest(self) -> float:
        """Since when the first of the tickets waits; there must be one."""
        return self.tickets[next(iter(self.tickets))].since

    def push(self, ticket: Ticket) -> None:
        self.tickets[ticket.number] = ticket
        client = self._clients.get(ticket.client)
        if client is None:
            client = self._clients[ticket.client] = _Client(ticket.client, self._round)
        queue = client.queues.setdefault(ticket.model, OrderedDict())
        queue[ticket.number] = ticket
        if len(queue) == 1:
            self._enlist(client, ticket.model)

    def pop(self, fits: Fits) -> Ticket | None:
        while True:
            models = [model for model in self._heaps if fits(model)]
            best = min((entry for model in models if (entry := self._first_of(model)) is not None), default=None)
            if best is None:
                return None
            due, _, _, client = best
            ticket = client.oldest(models)
            if client.due(ticket.cost) <= due:
                self._round = max(self._round, due)
                client.pay(ticket.cost, due, self._round)
                self._forget(ticket, client)
                return ticket
            # Another of the client's models has an older call, or it has paid for one meanwhile: it is not due yet.
            for model in models:
                if model in client.queues:
                    self._enlist(client, model, client.due(ticket.cost))

    def remove(self, ticket: Ticket) -> bool:
        if ticket.number not in self.tickets:
            return False
        client = self._clients[ticket.client]
        self._forget(ticket, client)
        if client.queues.keys() - {ticket.model}:  # calls of other models stood behind it, and need not any more
            for model in client.queues:
                self._enlist(client, model)
        return True

    def in_order(self) -> list[Ticket]:
        """The tickets as they would be served if every model had room."""
        owed: dict[str, float] = {}
        dues: list[tuple[int, int]] = []
        for number, ticket in self.tickets.items():
            owed[ticket.client] = owed.get(ticket.client, 0.0) + max(ticket.cost, QUANTUM)
            dues.append((self._clients[ticket.client].due(owed[ticket.client]), number))
        return [self.tickets[number] for _, number in sorted(dues)]

    def _first_of(self, model: str) -> "_Entry | None":
        """The living entry of a model that is due first."""
        heap = self._heaps[model]
        while heap:
            entry = heap[0]
            if entry[3].entries.get(model) == entry[2]:
                return entry
            heapq.heappop(heap)
        del self._heaps[model]
        return None

    def _enlist(self, client: "_Client", model: str, due: int | None = None) -> None:
        """Put the client's first call of a model under the round in which it can be paid, in place of what stood there
        for it until now."""
        ticket = client.first(model)
        number = client.entries[model] = next(self._entries)
        heap = self._heaps.setdefault(model, [])
        if len(heap) > 2 * len(self.tickets) + _SLACK:
            heap[:] = [entry for entry in heap if entry[3].entries.get(model) == entry[2]]
            heapq.heapify(heap)
        heapq.heappush(heap, (client.due(ticket.cost) if due is None else due, ticket.number, number, client))

    def _forget(self, ticket: Ticket, client: "_Client") -> None:
        del self.tickets[ticket.number]
        queue = client.queues[ticket.model]
        was_first = client.first(ticket.model) is ticket
        del queue[ticket.number]
        if queue:
            if was_first:
                self._enlist(client, ticket.model)
            return
        del client.queues[ticket.model], client.entries[ticket.model]
        if not client.queues:
            del self._clients[client.name]


class _Client:
    """What one client has waiting, and its credit: `credit` was what it had in round `since`."""

    __slots__ = ("credit", "entries", "name", "queues", "since")

    def __init__(self, name: str, since: int) -> None:
        self.name = name
        self.credit, self.since = 0.0, since
        self.queues: dict[str, OrderedDict[int, Ticket]] = {}
        """By model, in the order of arrival."""
        self.entries: dict[str, int] = {}
        """The living entry in the heap of each model."""

    def due(self, cost: float) -> int:
        """The round in which a call of that cost can be paid. The least a call costs is one quantum: else a client
        could have any number of calls in one round, and nobody else's would come."""
        return self.since + max(0, ceil((max(cost, QUANTUM) - self.credit) / QUANTUM))

    def pay(self, cost: float, due: int, now: int) -> None:
        """A call is served. What was earned after it was due, while its model had no room, is not kept: it would come
        back as a burst."""
        self.credit += (due - self.since) * QUANTUM - max(cost, QUANTUM)
        self.since = now

    def first(self, model: str) -> Ticket:
        """Its oldest call of a model."""
        queue = self.queues[model]
        return queue[next(iter(queue))]

    def oldest(self, models: list[str]) -> Ticket:
        """Its oldest call of any of these models; there must be one."""
        return min((self.first(model) for model in models if model in self.queues), key=attrgetter("number"))
