"""Which ticket needs which first, and the order that follows. What would go round in a circle is left out, and told."""

from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from tickets.generation.subjects import Subject


class Edge(NamedTuple):
    """`ticket` needs `needs`, both by their keys."""

    ticket: str
    needs: str
    origin: str


class Graph(NamedTuple):
    edges: list[Edge]
    left_out: list[Edge]  # each would have closed a circle
    order: list[str]  # each after all that it needs


def graph(subjects: Sequence[Subject]) -> Graph:
    """The same for the same subjects, which are in the order of their places."""
    keys = {id(entity): subject.key for subject in subjects for entity in subject.entities}
    found: dict[tuple[str, str], Edge] = {}
    for subject in subjects:
        for entity in subject.entities:
            for needed, origin in entity.needed:
                pair = (subject.key, keys[id(needed)])
                if pair[0] != pair[1]:
                    found.setdefault(pair, Edge(*pair, origin))
    edges, left_out = sorted(found.values()), list[Edge]()
    del found
    places = {subject.key: place for place, subject in enumerate(subjects)}
    try:
        order = ordered(places, edges)
    except CycleError:
        edges, left_out = without_circles(edges)
        order = ordered(places, edges)
    return Graph(edges, left_out, order)


def without_circles(edges: Sequence[Edge]) -> tuple[list[Edge], list[Edge]]:
    """One by one in the order of their keys: an edge that would close a circle with those before it is left out."""
    circles = strongly_connected(edges)
    kept, left_out = [], []
    inside: dict[str, set[str]] = {}
    for edge in sorted(edges):
        if circles.get(edge.ticket, edge.ticket) != circles.get(edge.needs, edge.needs):
            kept.append(edge)  # no circle leads through it
        elif reaches(inside, edge.needs, edge.ticket):
            left_out.append(edge)
        else:
            kept.append(edge)
            inside.setdefault(edge.ticket, set()).add(edge.needs)
    return kept, left_out


def reaches(needs: Mapping[str, Iterable[str]], start: str, end: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        key = todo.pop()
        if key == end:
            return True
        new = [one for one in needs.get(key, ()) if one not in seen]
        seen.update(new)
        todo += new
    return False


def strongly_connected(edges: Sequence[Edge]) -> dict[str, str]:
    """For each key one of those that it goes round with: Kosaraju's algorithm, without recursion."""
    forth: dict[str, list[str]] = {}
    back: dict[str, list[str]] = {}
    for edge in edges:
        forth.setdefault(edge.ticket, []).append(edge.needs)
        back.setdefault(edge.needs, []).append(edge.ticket)
    found: dict[str, str] = {}
    for root in reversed(finished(forth)):
        todo = [root]
        while todo:
            key = todo.pop()
            if key not in found:
                found[key] = root
                todo += [one for one in back.get(key, ()) if one not in found]
    return found


def finished(forth: Mapping[str, Sequence[str]]) -> list[str]:
    """The keys in the order in which a search in depth leaves them."""
    seen: set[str] = set()
    left = []
    for start in forth:
        stack = [] if start in seen else [(start, iter(forth.get(start, ())))]
        seen.add(start)
        while stack:
            rest = stack[-1][1]
            following = next((one for one in rest if one not in seen), None)
            if following is None:
                left.append(stack.pop()[0])
            else:
                seen.add(following)
                stack.append((following, iter(forth.get(following, ()))))
    return left


def ordered(places: Mapping[str, int], edges: Iterable[Edge]) -> list[str]:
    """Each key after those that it needs; else by their places. Raises graphlib.CycleError."""
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(places, ()))
    for edge in edges:
        sorter.add(edge.ticket, edge.needs)
    sorter.prepare()
    ready = [(places[key], key) for key in sorter.get_ready()]
    heapify(ready)
    order = []
    while ready:
        _, key = heappop(ready)
        order.append(key)
        sorter.done(key)
        for following in sorter.get_ready():
            heappush(ready, (places[following], following))
    return order
