"""What every document store must do. A store's test class inherits this and fills in `store` and `reopened`."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from backend.domain.collections import Collection
from backend.ports import Document, DocumentStore, MissingDocumentError, Query, Range, VersionConflictError, place_in_stream

REGIONS = Collection("test_regions", (("project", "section"), ("project", "area", "section")))
EVENTS = Collection("test_events", (("project", "seq"),))
COLLECTIONS = (REGIONS, EVENTS)
FIRST: Document = {
    "project": "p",
    "section": 901,
    "area": "hOc1",
    "paths": [[[0.5, 1.25], [2, 3, 0.1, -0.1, 0, 0]]],
    "note": None,
}


def region(section: int, area: str = "hOc1", project: str = "p", **more: object) -> Document:
    return {"project": project, "section": section, "area": area, **more}


def random_query(random: Random) -> Query:
    """Any query one of the indexes serves."""
    equal: dict[str, str | int] = {"project": random.choice("pq")}
    if random.random() < 0.5:
        equal["area"] = random.choice(["a", "ab", "b", "c"])
    above, below = (random.choice([None, random.randrange(12)]) for _ in range(2))
    within = Range("section", above, below) if (above, below) != (None, None) else None
    if within is None and random.random() < 0.3:
        equal["section"] = random.randrange(12)
    limit = random.choice([None, 1, 5])
    return Query(equal, within, random.choice([None, "section", "area"]), random.random() < 0.5, limit)


def filtered(documents: Mapping[str, Document], query: Query) -> list[str]:
    """Ids in the order of the answer, without any index."""

    def fits(document: Document) -> bool:
        if any(document[name] != value for name, value in query.equal.items()):
            return False
        bounds = query.within
        if bounds is None:
            return True
        value = document[bounds.field]
        return (bounds.above is None or value > bounds.above) and (bounds.below is None or value < bounds.below)

    found = [key for key, document in documents.items() if fits(document)]
    order = query.order_by
    found.sort(key=lambda key: (documents[key][order] if order else 0, key), reverse=query.descending)
    return found[: query.limit]


class DocumentStoreContract:
    """Rules of the port."""

    @pytest.fixture
    def store(self) -> DocumentStore:
        raise NotImplementedError

    def reopened(self, store: DocumentStore) -> DocumentStore:
        """Another store on the same data, as another process sees it."""
        raise NotImplementedError

    def sections(self, store: DocumentStore, query: Query) -> list[int]:
        return [document["section"] for document in store.find(REGIONS, query)]

    def test_a_document_comes_back_as_it_was_with_its_version(self, store: DocumentStore) -> None:
        assert store.put(REGIONS, "a", FIRST, expected=0) == {**FIRST, "version": 1}
        assert store.get(REGIONS, "a") == {**FIRST, "version": 1}

    def test_an_unknown_document_is_missing(self, store: DocumentStore) -> None:
        with pytest.raises(MissingDocumentError):
            store.get(REGIONS, "nobody")

    def test_creating_twice_is_a_conflict_and_keeps_the_first(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", FIRST, expected=0)
        with pytest.raises(VersionConflictError):
            store.put(REGIONS, "a", region(5), expected=0)
        assert store.get(REGIONS, "a")["section"] == 901

    def test_a_swap_counts_the_version(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", region(1), expected=0)
        store.put(REGIONS, "a", region(2), expected=1)
        assert store.get(REGIONS, "a") == {**region(2), "version": 2}

    def test_a_swap_from_another_version_is_a_conflict_and_changes_nothing(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", region(1), expected=0)
        store.put(REGIONS, "a", region(2), expected=1)
        for stale in (1, 3):
            with pytest.raises(VersionConflictError):
                store.put(REGIONS, "a", region(9), expected=stale)
        assert store.get(REGIONS, "a")["section"] == 2

    def test_swapping_what_is_not_there_is_a_conflict(self, store: DocumentStore) -> None:
        with pytest.raises(VersionConflictError):
            store.put(REGIONS, "a", region(1), expected=1)

    def test_of_many_swaps_from_one_version_one_wins(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", region(0), expected=0)

        def swap(section: int) -> int:
            try:
                store.put(REGIONS, "a", region(section), expected=1)
            except VersionConflictError:
                return 0
            return section

        with ThreadPoolExecutor(8) as pool:
            winners = [section for section in pool.map(swap, range(1, 25)) if section]
        assert len(winners) == 1
        assert store.get(REGIONS, "a")["section"] == winners[0]

    def test_counting_by_swaps_from_many_threads_loses_nothing(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", region(0), expected=0)

        def count_up(_: int) -> None:
            while True:
                found = store.get(REGIONS, "a")
                try:
                    store.put(REGIONS, "a", region(found["section"] + 1), expected=found["version"])
                except VersionConflictError:
                    continue
                return

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count_up, range(40)))
        assert store.get(REGIONS, "a")["section"] == 40

    def test_a_deleted_document_is_missing_and_can_be_created_again(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", region(1), expected=0)
        store.delete(REGIONS, "a")
        store.delete(REGIONS, "a")
        with pytest.raises(MissingDocumentError):
            store.get(REGIONS, "a")
        assert store.put(REGIONS, "a", region(1), expected=0)["version"] == 1

    def test_equality_finds_the_documents_of_the_prefix(self, store: DocumentStore) -> None:
        for section, area, project in ((3, "hOc1", "p"), (1, "hOc2", "p"), (2, "hOc1", "q"), (2, "hOc1", "p")):
            store.put(REGIONS, f"{project}{section}", region(section, area, project), expected=0)
        assert self.sections(store, Query({"project": "p"}, order_by="section")) == [1, 2, 3]
        assert self.sections(store, Query({"project": "p", "area": "hOc1"}, order_by="section")) == [2, 3]
        assert self.sections(store, Query({"project": "nobody"})) == []

    def test_a_range_is_strict_on_both_sides(self, store: DocumentStore) -> None:
        for section in range(1, 8):
            store.put(REGIONS, f"{section}", region(section), expected=0)
        inside = Query({"project": "p"}, within=Range("section", above=2, below=6), order_by="section")
        assert self.sections(store, inside) == [3, 4, 5]
        assert self.sections(store, Query({"project": "p"}, within=Range("section", above=5), order_by="section")) == [6, 7]
        assert self.sections(store, Query({"project": "p"}, within=Range("section", below=3), order_by="section")) == [1, 2]

    def test_sorting_has_a_direction_a_limit_and_the_id_as_last_key(self, store: DocumentStore) -> None:
        for document_id in ("b", "a", "c"):
            store.put(REGIONS, document_id, region(1, note=document_id), expected=0)
        store.put(REGIONS, "z", region(2, note="z"), expected=0)
        up = store.find(REGIONS, Query({"project": "p"}, order_by="section"))
        down = store.find(REGIONS, Query({"project": "p"}, order_by="section", descending=True, limit=2))
        assert [document["note"] for document in up] == ["a", "b", "c", "z"]
        assert [document["note"] for document in down] == ["z", "c"]

    def test_only_gives_key_fields_alone(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", FIRST, expected=0)
        assert store.find(REGIONS, Query({"project": "p"}, only=("section", "area"))) == [{"section": 901, "area": "hOc1"}]

    def test_documents_are_found_by_their_ids_and_those_not_there_left_out(self, store: DocumentStore) -> None:
        for number in range(4):
            store.put(REGIONS, f"r{number}", region(number), expected=0)
        found = store.many(REGIONS, ["r3", "nobody", "r1"])
        assert sorted(found, key=lambda one: one["section"]) == [store.get(REGIONS, "r1"), store.get(REGIONS, "r3")]
        assert store.many(REGIONS, []) == []

    def test_versions_are_told_by_id_without_the_documents(self, store: DocumentStore) -> None:
        for number in range(4):
            store.put(REGIONS, f"r{number}", region(number % 2, project="pq"[number // 3]), expected=0)
        store.put(REGIONS, "r1", region(1, "hOc2"), expected=1)
        assert store.versions(REGIONS, {"project": "p"}) == {"r0": 1, "r1": 2, "r2": 1}
        assert store.versions(REGIONS, {"project": "p", "section": 1}) == {"r1": 2}
        assert store.versions(REGIONS, {"project": "nobody's"}) == {}
        with pytest.raises(ValueError, match="no index"):
            store.versions(REGIONS, {"area": "hOc1"})

    def test_everything_of_a_collection_can_be_listed(self, store: DocumentStore) -> None:
        for document_id in ("b", "a"):
            store.put(REGIONS, document_id, region(1, note=document_id), expected=0)
        assert [document["note"] for document in store.find(REGIONS, Query())] == ["a", "b"]

    def test_random_queries_are_answered_as_by_plain_filtering(self, store: DocumentStore) -> None:
        random = Random(1)
        documents = {
            f"{random.randrange(16**6):06x}": region(random.randrange(12), random.choice(["a", "ab", "b"]), random.choice("pq"))
            for _ in range(60)
        }
        for document_id, document in documents.items():
            store.put(REGIONS, document_id, {**document, "me": document_id}, expected=0)
        for _ in range(60):
            query = random_query(random)
            assert [found["me"] for found in store.find(REGIONS, query)] == filtered(documents, query), query

    def test_a_range_without_bounds_is_refused(self, store: DocumentStore) -> None:
        with pytest.raises(ValueError, match="at least one bound"):
            Range("section")

    @pytest.mark.parametrize(
        "query",
        [
            Query({"area": "hOc1"}),
            Query({"section": 1}),
            Query({"note": "x"}),
            Query({"project": "p"}, only=("note",)),
            Query({"project": "p"}, order_by="note"),
            Query({"section": 1}, within=Range("project", above="a")),
        ],
    )
    def test_a_query_without_an_index_is_refused(self, store: DocumentStore, query: Query) -> None:
        with pytest.raises(ValueError, match="test_regions"):
            store.find(REGIONS, query)

    def test_key_fields_are_strings_or_integers(self, store: DocumentStore) -> None:
        for wrong in (True, 1.5, ["x"]):
            with pytest.raises(ValueError, match="key fields"):
                store.put(REGIONS, "a", {"project": "p", "section": wrong}, expected=0)

    def test_a_missing_key_field_is_in_no_range(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", {"project": "p"}, expected=0)
        assert self.sections(store, Query({"project": "p"}, within=Range("section", above=-1))) == []
        assert store.find(REGIONS, Query({"project": "p"}, only=("section",))) == [{"section": None}]

    def test_a_stream_counts_from_one_for_each_project(self, store: DocumentStore) -> None:
        assert [store.append(EVENTS, {"project": "p"}, stream="project") for _ in range(3)] == [1, 2, 3]
        assert store.append(EVENTS, {"project": "q"}, stream="project") == 1
        assert [store.newest(EVENTS, "project", name) for name in ("p", "q", "r")] == [3, 1, 0]
        after = Query({"project": "p"}, within=Range("seq", above=1), order_by="seq")
        assert [document["seq"] for document in store.find(EVENTS, after)] == [2, 3]

    def test_many_writers_of_a_stream_leave_no_gap_and_double_nothing(self, store: DocumentStore) -> None:
        with ThreadPoolExecutor(4) as pool:
            seqs = list(pool.map(lambda n: store.append(EVENTS, {"project": "p", "n": n}, stream="project"), range(40)))
        assert sorted(seqs) == list(range(1, 41))
        found = store.find(EVENTS, Query({"project": "p"}, order_by="seq"))
        assert sorted(document["n"] for document in found) == list(range(40))

    def test_a_stream_whose_old_documents_were_deleted_goes_on(self, store: DocumentStore) -> None:
        for _ in range(3):
            store.append(EVENTS, {"project": "p"}, stream="project")
        for seq in (1, 2):
            store.delete(EVENTS, place_in_stream("p", seq))
        assert store.append(EVENTS, {"project": "p"}, stream="project") == 4
        assert [document["seq"] for document in store.find(EVENTS, Query({"project": "p"}, order_by="seq"))] == [3, 4]

    def test_two_processes_count_one_stream_in_turn(self, store: DocumentStore) -> None:
        other = self.reopened(store)
        try:
            turns = [each.append(EVENTS, {"project": "p"}, stream="project") for each in (store, other, other, store, other)]
            assert [each.newest(EVENTS, "project", "p") for each in (store, other)] == [5, 5]
        finally:
            other.close()
        assert turns == [1, 2, 3, 4, 5]

    def test_another_process_sees_what_was_written(self, store: DocumentStore) -> None:
        store.put(REGIONS, "a", FIRST, expected=0)
        other = self.reopened(store)
        assert other.get(REGIONS, "a") == {**FIRST, "version": 1}
        other.put(REGIONS, "a", region(5), expected=1)
        assert store.get(REGIONS, "a")["section"] == 5
        with pytest.raises(VersionConflictError):
            store.put(REGIONS, "a", region(6), expected=1)
        other.close()

    def test_text_and_numbers_come_back_exactly(self, store: DocumentStore) -> None:
        odd: Document = {
            "project": "p",
            "section": 2**40,
            "area": "ä µ 'quoted\"",
            "small": 1e-300,
            "point": 0.1 + 0.2,
            "empty": {},
            "deep": {"a.b": [1, None, True, "x"]},
        }
        store.put(REGIONS, "a'b", odd, expected=0)
        assert store.get(REGIONS, "a'b") == {**odd, "version": 1}

    def test_an_outline_of_150000_bezier_nodes_is_stored(self, store: DocumentStore) -> None:
        path = [[n / 7, n / 3, 0.25 + n, -0.5, 12345.678, n / 11] for n in range(150_000)]
        store.put(REGIONS, "big", region(1, paths=[path]), expected=0)
        assert store.get(REGIONS, "big")["paths"] == [path]
