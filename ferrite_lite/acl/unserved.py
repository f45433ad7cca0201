"""The commands of Redis 7.0 that this server lacks, by their ACL categories.

A rule may name them, so that an ACL file written for Redis is accepted whole; and how Redis writes
a user's rules down depends on how many commands each category has. Commands that are served declare
their categories themselves.
"""

from __future__ import annotations

_BY_CATEGORIES = {
    "admin slow dangerous": """
        cluster|addslots cluster|addslotsrange cluster|bumpepoch cluster|count-failure-reports
        cluster|delslots cluster|delslotsrange cluster|failover cluster|flushslots cluster|forget
        cluster|meet cluster|replicas cluster|replicate cluster|reset cluster|saveconfig
        cluster|set-config-epoch cluster|setslot cluster|slaves psync replconf sync
    """,
    "admin slow dangerous hyperloglog": "pfselftest",
    "admin slow dangerous hyperloglog write": "pfdebug",
    "bitmap fast read": "bitfield_ro getbit",
    "bitmap read slow": "bitcount bitpos",
    "bitmap slow write": "bitfield bitop setbit",
    "blocking fast sortedset write": "bzpopmax bzpopmin",
    "blocking list slow write": "blmove blmpop blpop brpop brpoplpush",
    "blocking read slow stream": "xread",
    "blocking slow sortedset write": "bzmpop",
    "blocking slow stream write": "xreadgroup",
    "connection fast": "asking readonly readwrite",
    "fast hyperloglog write": "pfadd",
    "fast list write": "lpop lpush lpushx rpop rpush rpushx",
    "fast read sortedset": "zcard zcount zlexcount zmscore zrank zrevrank zscore",
    "fast read stream": "xlen",
    "fast sortedset write": "zadd zincrby zpopmax zpopmin zrem",
    "fast stream write": "xack xadd xautoclaim xclaim xdel xsetid",
    "geo read slow": "geodist geohash geopos georadius_ro georadiusbymember_ro geosearch",
    "geo slow write": "geoadd georadius georadiusbymember geosearchstore",
    "hyperloglog read slow": "pfcount",
    "hyperloglog slow write": "pfmerge",
    "list read slow": "lindex lpos",
    "list slow write": "linsert lmove lmpop lrem lset ltrim rpoplpush",
    "read slow sortedset": """
        zdiff zinter zintercard zrandmember zrange zrangebylex zrangebyscore zrevrange
        zrevrangebylex zrevrangebyscore zscan zunion
    """,
    "read slow stream": "xinfo|consumers xinfo|groups xinfo|stream xpending xrange xrevrange",
    "slow": """
        cluster cluster|countkeysinslot cluster|getkeysinslot cluster|help cluster|info
        cluster|keyslot cluster|links cluster|myid cluster|nodes cluster|shards cluster|slots xgroup
        xinfo
    """,
    "slow sortedset write": """
        zdiffstore zinterstore zmpop zrangestore zremrangebylex zremrangebyrank zremrangebyscore
        zunionstore
    """,
    "slow stream": "xgroup|help xinfo|help",
    "slow stream write": """
        xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid xtrim
    """,
}

#: The categories of each command and subcommand.
CATEGORIES_OF: dict[str, frozenset[str]] = {
    name: frozenset(categories.split())
    for categories, names in _BY_CATEGORIES.items()
    for name in names.split()
}
