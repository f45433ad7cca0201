from __future__ import annotations

import pytest

from ferrite_lite.acl import ACL_CATEGORIES, Catalogue
from ferrite_lite.acl.unserved import CATEGORIES_OF
from ferrite_lite.command import CATEGORIES
from ferrite_lite.commands import TABLE


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(TABLE)


def test_every_command_has_a_bit_of_its_own(catalogue: Catalogue) -> None:
    bits = [named.bit for named in catalogue]
    assert len(set(bits)) == len(bits)
    assert all(bit.bit_count() == 1 for bit in bits)


def test_a_container_reaches_its_subcommands(catalogue: Catalogue) -> None:
    config, get = catalogue.find(b"config"), catalogue.find(b"Config|GET")
    assert config is not None
    assert get is not None
    assert get.is_subcommand
    assert not config.is_subcommand
    assert config.reach & get.bit
    assert get.reach == get.bit


@pytest.mark.parametrize("name", [b"", b"nosuch", b"config|nosuch", b"get|x", b"config|", b"\xff"])
def test_what_is_no_command_is_not_found(catalogue: Catalogue, name: bytes) -> None:
    assert catalogue.find(name) is None


def test_commands_that_only_redis_has_can_be_named(catalogue: Catalogue) -> None:
    assert TABLE[b"cluster"] is None
    assert catalogue.find(b"cluster|nodes") is not None


def test_a_category_lists_what_is_served_and_counts_what_redis_has(catalogue: Catalogue) -> None:
    streams = catalogue.category(b"STREAM")
    assert streams is not None
    assert streams.names == []
    assert streams.members.bit_count() > 10


def test_commands_newer_than_redis_7_0_are_reached_and_not_counted(catalogue: Catalogue) -> None:
    category = catalogue.category(b"connection")
    newer = catalogue.find(b"client|setinfo")
    assert category is not None
    assert newer is not None
    assert category.reach & newer.bit
    assert not category.members & newer.bit


def test_there_is_no_other_category(catalogue: Catalogue) -> None:
    assert set(ACL_CATEGORIES) == set(CATEGORIES)
    assert catalogue.category(b"all") is None
    assert catalogue.category(b"@read") is None


def test_a_command_that_is_served_is_not_listed_among_those_that_are_not() -> None:
    containers = TABLE.commands()
    served = {each.name for top in containers for each in (top, *top.subcommands.values())}
    assert served.isdisjoint(CATEGORIES_OF)
