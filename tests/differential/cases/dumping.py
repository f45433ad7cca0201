"""DUMP and RESTORE, and the lists that SORT stores."""

from __future__ import annotations

from ferrite_lite.persistence.crc64 import crc64

from ..script import read_cases
from . import matrix

_REQUESTS = """
DUMP k
LLEN k
LRANGE k 0 -1
"""


def payload(body: bytes, version: int = 10) -> str:
    """A payload with the right checksum, as a word of the notation."""
    checked = body + version.to_bytes(2, "little")
    return quoted(checked + crc64(checked).to_bytes(8, "little"))


def quoted(raw: bytes) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in raw) + '"'


ABC = payload(b"\x00\x03abc")
DEF = payload(b"\x00\x03def")
OF_THE_FUTURE = payload(b"\x00\x03abc", 65535)
OF_LONG_AGO = payload(b"\x00\x03abc", 1)
OF_NO_TIME = payload(b"\x00\x03abc", 0)
UNCHECKED = quoted(b"\x00\x03abc\x0a\x00\x01\x02\x03\x04\x05\x06\x07\x08")
TOO_LONG = payload(b"\x00\x03abcde")
PLAIN_NODES = payload(b"\x12\x02\x01\x01a\x01\x02bc")
#: The string ends inside the checksum.
TOO_SHORT = payload(b"\x00\x0dabc")

#: Two elements, ``f`` and 5.
ZIPLIST = b"\x11\x11\x00\x00\x00\x0d\x00\x00\x00\x02\x00\x00\x01f\x03\xf6\xff"
LISTPACK = b"\x0c\x0c\x00\x00\x00\x02\x00\x81f\x02\x05\x01\xff"

#: One of each form that Redis 7.0 reads for the types there are here, by what it is.
READABLE = {
    "a string": b"\x00\x03abc",
    "an empty string": b"\x00\x00",
    "a string with a length of two bytes": b"\x00\x40\x03abc",
    "a string with a length of five bytes": b"\x00\x80\x00\x00\x00\x03abc",
    "a string with a length of nine bytes": b"\x00\x81\x00\x00\x00\x00\x00\x00\x00\x03abc",
    "an integer of one byte": b"\x00\xc0\xff",
    "an integer of two bytes": b"\x00\xc1\x00\x80",
    "an integer of four bytes": b"\x00\xc2\x00\x00\x00\x80",
    "a compressed string": b"\x00\xc3\x04\x0a\x00a\xe0\x00",
    "a plain list": b"\x01\x02\x01a\xc0\x05",
    "a list in a ziplist": b"\x0a" + ZIPLIST,
    "a list of ziplists": b"\x0e\x01" + ZIPLIST,
    "a list of listpacks": b"\x12\x01\x02" + LISTPACK,
    "a set": b"\x02\x01\x01a",
    "a set of integers": b"\x02\x02\xc0\x05\xc0\x01",
    "an intset": b"\x0b\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x05\x00",
    "a compressed string that expands to nothing": b"\x00\xc3\x02\x00\x01ab",
    "an intset wider than it need be": b"\x0b\x0c\x04\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00",
    "a hash": b"\x04\x01\x01f\x01v",
    "a hash in a zipmap": b"\x09\x08\x01\x01f\x01\x01v\x00\xff",
    "a hash in a ziplist": b"\x0d" + ZIPLIST,
    "a hash in a listpack": b"\x10" + LISTPACK,
}
#: What nobody wrote, by what is wrong with it.
UNREADABLE = {
    "no type": b"",
    "an unknown type": b"\x63\x03abc",
    "a type that is an opcode": b"\xfa\x03abc",
    "a length of an unknown form": b"\x00\xbf\x03abc",
    "an unknown string encoding": b"\x00\xc4abc",
    "a string longer than the payload": b"\x00\x40\xff",
    "a compressed string that looks back too far": b"\x00\xc3\x03\x09\xe0\x00\x05",
    "a compressed string of another size": b"\x00\xc3\x05\x0b\x00a\xe0\x00\x00",
    "an empty list": b"\x01\x00",
    "an empty set": b"\x02\x00",
    "an empty hash": b"\x04\x00",
    "a set with a member twice": b"\x02\x02\x01a\x01a",
    "a large hash with a field twice": b"\x04\x42\x58" + b"\x01f\x01v" * 600,
    "a set of more members than there are bytes": b"\x02\x80\x7f\xff\xff\xff\x01a",
    "an intset of a wrong size": b"\x0b\x0c\x02\x00\x00\x00\x03\x00\x00\x00\x01\x00\x05\x00",
    "an intset of no width": b"\x0b\x0a\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00",
    "an empty intset": b"\x0b\x08\x02\x00\x00\x00\x00\x00\x00\x00",
    "a zipmap without an end": b"\x09\x08\x01\x01f\x01\x01v\x00\x00",
    "a zipmap with a field twice": b"\x09\x0e\x02\x01f\x01\x00v\x01f\x01\x00v\xff",
    "a ziplist of a wrong size": b"\x0d\x11\x12" + ZIPLIST[2:],
    "a ziplist with a wrong way back": b"\x0d" + ZIPLIST.replace(b"\x03", b"\x04"),
    "a hash of one word in a ziplist": b"\x0d\x0e\x0e\x00\x00\x00\x0a\x00\x00\x00\x01"
    + ZIPLIST[10:14]
    + b"\xff",
    "a listpack of a wrong size": b"\x10\x0c\x0d" + LISTPACK[2:],
    "an empty listpack": b"\x10\x07\x07\x00\x00\x00\x00\x00\xff",
    "a quicklist of no nodes": b"\x12\x00",
    "a quicklist of an unknown node": b"\x12\x01\x03\x01a",
    "a quicklist of an empty node": b"\x12\x01\x01\x00",
}


def _restores() -> str:
    looks = ["TYPE k", "OBJECT ENCODING k", "DUMP k"]
    readable = [
        "\n".join(
            [f"RESTORE of {what}", f"    RESTORE k 0 {payload(body)}", *(f"    {x}" for x in looks)]
        )
        for what, body in READABLE.items()
    ]
    unreadable = [
        f"RESTORE refuses {what}\n    RESTORE k 0 {payload(body)}\n    EXISTS k"
        for what, body in UNREADABLE.items()
    ]
    return "\n\n".join(readable + unreadable)


_CASES = rf"""
DUMP of strings
    SET k ""
    DUMP k
    SET k abc
    DUMP k
    SET k "aaaaaaaaaa"*3
    DUMP k
    SET k "hello world "*500
    DUMP k
    APPEND k x
    DUMP k
    SET k 12345678901
    DUMP k
    SET k -2147483648
    DUMP k
    SET k 9223372036854775807
    DUMP k
    SET k 007
    DUMP k

DUMP of hashes
    HSET k f v
    DUMP k
    HSET k g 1 h -1 i 127 j 128 k 4095 l 4096 m -4096 n -4097 o 65536 p -8388609 q 5000000000
    DUMP k
    HSET k f "x"*64
    DUMP k
    HDEL k g
    HSET k g 2
    DUMP k
    HSET one f "x"*65
    DUMP one

DUMP of sets
    SADD k 1 2 3
    DUMP k
    SADD k -40000
    DUMP k
    SADD k 5000000000
    DUMP k
    SREM k 5000000000
    DUMP k
    COPY k k2
    DUMP k2
    SADD one member
    DUMP one

RESTORE gives back what DUMP was given
    RESTORE k 0 {ABC}
    GET k
    TTL k
    RESTORE k 0 {ABC}
    RESTORE k 0 {DEF} REPLACE
    GET k

RESTORE with a time to live
    RESTORE k 100000 {ABC}
    near=100> PTTL k
    RESTORE k 33177117420123 {ABC} REPLACE ABSTTL
    PEXPIRETIME k
    RESTORE k 1 {ABC} REPLACE ABSTTL
    EXISTS k
    RESTORE k 1 {ABC} ABSTTL
    EXISTS k
    RESTORE k 0 {ABC} ABSTTL
    TTL k

RESTORE refuses bad arguments
    SET taken v
    RESTORE taken 0 x
    RESTORE taken x x
    RESTORE k x x
    RESTORE k -1 x
    RESTORE k 0 ""
    RESTORE k 0 x
    RESTORE k 0 0123456789
    RESTORE k 0 x FOO
    RESTORE k 0 x IDLETIME
    RESTORE k 0 x IDLETIME x
    RESTORE k 0 x IDLETIME -1
    RESTORE k 0 x FREQ
    RESTORE k 0 x FREQ x
    RESTORE k 0 x FREQ -1
    RESTORE k 0 x FREQ 256
    RESTORE k 0 x IDLETIME 1 FREQ 1
    RESTORE k 0 x FREQ 1 IDLETIME 1
    RESTORE k 0 {ABC} REPLACE REPLACE ABSTTL IDLETIME 5 IDLETIME 6
    GET k
    RESTORE k 0 {OF_THE_FUTURE} REPLACE
    RESTORE k 0 {OF_LONG_AGO} REPLACE
    RESTORE k 0 {OF_NO_TIME} REPLACE
    RESTORE k 0 {UNCHECKED} REPLACE
    RESTORE k 0

RESTORE adds the time to live without a look at the sum
    SET s v
    RESTORE k 9223372036854775807 {ABC}
    EXISTS k
    RESTORE s 9223372036854775807 {ABC} REPLACE
    EXISTS s
    RESTORE k 9223372036854775807 {ABC} ABSTTL
    PEXPIRETIME k
    EXPIRETIME k
    RESTORE l 9223370000000000000 {ABC}
    EXISTS l

RESTORE reads past what it needs and no further
    RESTORE k 0 {TOO_LONG}
    GET k
    RESTORE k 0 {TOO_SHORT} REPLACE
    GET k

RESTORE of a list whose nodes are single elements
    RESTORE k 0 {PLAIN_NODES}
    LRANGE k 0 -1

SORT with STORE reads one key and writes another
    COMMAND GETKEYSANDFLAGS SORT k STORE d
    COMMAND GETKEYSANDFLAGS SORT k BY w_* GET x_* STORE d STORE e
    SET string v
    SORT string STORE d
    EXISTS d

RESTORE-ASKING is RESTORE
    RESTORE-ASKING k 0 {ABC}
    RESTORE-ASKING k 0 {DEF}
    RESTORE-ASKING k 0 {DEF} REPLACE
    GET k

RESTORE tells a watcher
    WATCH k
    other> RESTORE k 0 {ABC}
    MULTI
    EXEC

SORT STORE makes a list that can be read
    SADD s 3 1 2 10
    SORT s STORE d
    TYPE d
    OBJECT ENCODING d
    LLEN d
    LRANGE d 0 -1
    LRANGE d 1 2
    LRANGE d -2 -1
    LRANGE d -100 100
    LRANGE d 3 1
    LRANGE d 9 10
    LRANGE d 0 -9
    LRANGE d -9 -9
    LRANGE d -9 0
    LRANGE d a 1
    LRANGE d 0 a
    DUMP d
    SORT s DESC GET # GET missing_* STORE d
    LRANGE d 0 -1
    SORT d DESC ALPHA
    SORT d BY nosort
    SORT d BY nosort DESC
    SORT d BY nosort LIMIT 1 2
    GET d
    HGETALL d
    SMEMBERS d
    SINTER d s
    APPEND d x
    SADD d x
    HSET d f v
    STRLEN d
    COPY d e
    RENAME e f
    LRANGE f 0 -1
    EXPIRE f 100
    TTL f
    DEL f
    SORT s LIMIT 0 0 STORE d
    EXISTS d
    SET d v
    SORT s STORE d
    TYPE d

SORT STORE of elements of every length is dumped as Redis dumps it
    SADD s "a"*10 "b"*62 "c"*63 "d"*64 "e"*200 "f"*4094 "g"*4095 "h"*4096 "i"*9000 123456 -5
    SORT s ALPHA STORE d
    LLEN d
    DUMP d
"""

CASES = [
    *matrix.arity("dumping", _REQUESTS),
    *matrix.types("dumping", _REQUESTS),
    *matrix.keys("dumping", _REQUESTS + "RESTORE k 0 x ...\nRESTORE-ASKING k 0 x ..."),
    *read_cases("dumping", _CASES + _restores()),
]
