from __future__ import annotations

from ferrite_lite.data.fieldsets import Fieldset, Fieldsets


def test_a_fieldset_knows_the_place_of_each_value_in_redis_s_order() -> None:
    fieldset = Fieldset.of([b"name", b"email", b"b", b"age", b"", b"a"])
    assert fieldset.fields == (b"", b"a", b"b", b"age", b"name", b"email")
    assert fieldset.places == (4, 5, 2, 3, 0, 1)


def test_what_fieldsets_take_is_counted_however_they_come_and_go() -> None:
    fieldsets = Fieldsets()
    fieldsets.prepare(b"u", [b"name", b"age"])
    small = fieldsets.held_bytes
    fieldsets.prepare(b"u", [b"x" * 1000, b"name"])
    assert fieldsets.held_bytes >= small + 990
    fieldsets.prepare(b"v", [b"name"])
    assert fieldsets.discard(b"u")
    assert not fieldsets.discard(b"u")
    assert 0 < fieldsets.held_bytes <= small
    assert fieldsets.discard(b"v")
    assert (len(fieldsets), fieldsets.held_bytes) == (0, 0)
