from __future__ import annotations

from ferrite_lite.observing.hotkeys import Heaviest


def test_the_heaviest_come_first() -> None:
    heaviest = Heaviest(kept=10)
    for key, amount in ((b"a", 1), (b"b", 5), (b"a", 2), (b"c", 4), (b"none", 0)):
        heaviest.add(key, amount)
    assert heaviest.top(2) == [(b"b", 5), (b"c", 4)]
    assert heaviest.top(9) == [(b"b", 5), (b"c", 4), (b"a", 3)]
    assert heaviest.total == 12


def test_however_many_keys_there_are_few_are_remembered_and_the_heaviest_among_them() -> None:
    heaviest = Heaviest(kept=10)
    for number in range(10_000):
        heaviest.add(b"rare:%d" % number, 1)
        if not number % 3:
            heaviest.add(b"hot", 1)
    assert heaviest.top(1)[0][0] == b"hot"
    assert len(heaviest.top(10_000)) <= 20
