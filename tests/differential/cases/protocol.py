"""The protocol: inline commands, pipelines, and every way to break the framing."""

from __future__ import annotations

from ..script import Case, read_cases

#: Bytes that end a connection with an error, by what they are. A header line with a NUL is not
#: among them: it makes Redis wait for a line end that it has passed.
_FATAL = {
    "a multibulk length that is no number": r"*abc\r\n",
    "no multibulk length": r"*\r\n",
    "a multibulk length with a plus": r"*+1\r\n",
    "a multibulk length with a leading zero": r"*01\r\n",
    "a multibulk length with a space": r"* 1\r\n",
    "a multibulk length with a space behind": r"*1 \r\n",
    "a multibulk length past 31 bits": r"*2147483648\r\n",
    "a multibulk length past 64 bits": r"*99999999999999999999\r\n",
    "a multibulk length with a fraction": r"*1.5\r\n",
    "a multibulk length of minus nothing": r"*-\r\n",
    "a multibulk length of minus zero": r"*-0\r\n",
    "a word without its dollar": r"*1\r\nfoo\r\n",
    "an empty line for a word": r"*1\r\n\r\n",
    "an array for a word": r"*1\r\n*1\r\n",
    "an integer for a word": r"*1\r\n:1\r\n",
    "a high byte for a dollar": r"*1\r\n\xff4\r\n",
    "a negative bulk length": r"*1\r\n$-1\r\n",
    "a very negative bulk length": r"*1\r\n$-10\r\n",
    "a bulk length with a leading zero": r"*1\r\n$04\r\nPING\r\n",
    "a bulk length with a plus": r"*1\r\n$+4\r\nPING\r\n",
    "a bulk length with a space": r"*1\r\n$ 4\r\nPING\r\n",
    "no bulk length": r"*1\r\n$\r\n",
    "a bulk length that is no number": r"*1\r\n$x\r\n",
    "a bulk length past 512 MB": r"*1\r\n$536870913\r\n",
    "a bulk length past 64 bits": r"*1\r\n$99999999999999999999\r\n",
    "the second word broken": r"*2\r\n$3\r\nGET\r\nk\r\n",
    "unbalanced double quotes": r"GET \"abc\r\n",
    "unbalanced single quotes": r"GET 'abc\r\n",
    "a quote closed in the middle of a word": r"GET \"a\"b\r\n",
    "a single quote closed in the middle of a word": r"GET 'a'b\r\n",
    "a quote opened in the middle of a word": r"ECHO a\"b\r\n",
    "a quote left open by an escape": r"GET \"abc\\\"\r\n",
}


def _fatal() -> list[Case]:
    """Each breach after a good request, and the connection before and after it."""
    text = "\n".join(
        f'The connection ends at {sentence}\n  closes raw> "PING\\r\\n{data}"\n'
        f'  closes raw> "{data}PING\\r\\n"\n  PING'
        for sentence, data in _FATAL.items()
    )
    return read_cases("protocol", text)


CASES = [
    *_fatal(),
    *read_cases(
        "protocol",
        r"""
An inline command is words between spaces
    raw> "PING\r\n"
    raw> "SET a 1\r\n"
    raw> "  GET   a  \r\n"
    raw> "\tGET\ta\r\n"
    raw> "PING\n"
    raw> "ping hello\r\n"

An inline command unquotes its words
    raw> "SET a \"b c\"\r\n"
    raw> "GET a\r\n"
    raw> "SET a \"\\x41\\n\\t\\\"\\q\"\r\n"
    raw> "GET a\r\n"
    raw> "SET a 'single \\' \\n'\r\n"
    raw> "GET a\r\n"
    raw> "SET \"\" ''\r\n"
    raw> "GET \"\"\r\n"

An inline command keeps high bytes
    raw> "ECHO \xc3\xa9\xff\r\n"
    raw> "ECHO \"\\xFF\\xzz\"\r\n"

Empty lines are passed over
    raw> "\r\nPING\r\n"
    raw> "\n\n\nPING\r\n"
    raw> "   \r\nPING\r\n"
    raw> "\t\r\n\r\nPING\r\n"

Empty and negative arrays are passed over
    raw> "*0\r\nPING\r\n"
    raw> "*-1\r\nPING\r\n"
    raw> "*-10\r\nPING\r\n"
    raw> "*-9223372036854775808\r\n*1\r\n$4\r\nPING\r\n"

An empty word is a command that is not known
    raw> "*1\r\n$0\r\n\r\n"
    raw> "*2\r\n$0\r\n\r\n$1\r\na\r\n"
    PING

A pipeline is answered in order
    raw replies=4> "PING\r\nSET a 1\r\nINCR a\r\nGET a\r\n"
    raw replies=3> "*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\nPING\r\n"

An error does not end a pipeline
    SET s v
    raw replies=5> "FOO\r\nGET\r\nHGET s f\r\nINCR s\r\nPING\r\n"
    PING

A pipeline is answered up to the breach
    closes raw> "PING\r\nSET a 1\r\n*1\r\n$x\r\nPING\r\n"
    GET a

A word may hold anything
    raw> "*2\r\n$4\r\nECHO\r\n$6\r\n\r\n\x00*1$\r\n"
    raw> "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"

An inline request ends its words at few of the white spaces that it skips
    raw> "ECHO a\x0bb\x0c \x0b\r\n"
    raw> "\x0bECHO \x0ca\r\n"
    raw> "ECHO \"a\"\x0b\r\n"
    PING

An inline request whose quote is escaped where it should close is unbalanced
    raw closes> "ECHO 'a\\'\r\n"

Two bytes end a word, whatever they are
    raw> "*1\r\n$4\r\nPINGxx"
    raw replies=2> "*1\r\n$4\r\nPING\n\n*1\r\n$4\r\nPING\r\n"

A header ends at its first carriage return, whatever follows
    raw> "*1\r\n$4\r\nPING\r\n"
    closes raw> "*1\r\r\n$4\r\nPING\r\n"

A request in many pieces is one request
    raw replies=0> "*2\r\n$4"
    raw replies=0> "\r\nEC"
    raw replies=0> "HO\r\n$3\r"
    raw> "\nabc\r\n"

An inline request in many pieces is one request
    raw replies=0> "PI"
    raw replies=0> "NG"
    raw> "\r\n"

A line that holds a NUL has no end
    raw replies=0> "PING\x00\r\n"
    raw replies=0> "PING\r\nPING\r\n"
    closes raw> "x"*65537
    raw replies=0> "*1\x00\r\n"
    raw replies=0> "$4\r\nPING\r\n"
    closes raw> "x"*65537
    raw replies=0> "*1\r\n"
    raw replies=0> "$4\x00\r\nPING\r\n"
    closes raw> "x"*65537

More than a million words may be announced
    raw replies=0> "*1048577\r\n"
    closes raw> "PING\r\n"
    raw replies=0> "*2147483647\r\n$4\r\nPING\r\n"
    closes raw> "*\r\n"

A header line may be long, and not too long
    closes raw> "*"*65537
    closes raw> "x"*65537
    PING

A line of 65,536 bytes still waits
    raw replies=0> "x"*65536
    after=20 closes raw> "x"

A bulk header may be long, and not too long
    raw replies=0> "*1\r\n"
    closes raw> "$"*65537

The first word of an HTTP request closes without a word
    closes raw> "POST / HTTP/1.1\r\nHost: a\r\n\r\n"
    closes raw> "post /\r\n"
    closes raw> "Host: a\r\nPING\r\n"
    closes raw> "HOST: a\r\n"
    closes> POST
    closes> Host: a
    PING

GET of an HTTP request is a command, its Host line the end
    closes raw> "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    PING

A request with a command name of capital and small letters
    raw> "*1\r\n$4\r\nPiNg\r\n"
    raw> "pInG\r\n"

Before AUTH a request is short
    CONFIG SET requirepass secret
    RESET
    other closes raw> "*11\r\n"
    other closes raw> "*1\r\n$16385\r\n"
    raw> "*1\r\n$4\r\nPING\r\n"
    raw replies=0> "*10\r\n$4\r\nPING\r\n"
    raw> "$1\r\na\r\n"*9
    raw replies=0> "*2\r\n$4\r\nPING\r\n$16384\r\n"
    raw replies=0> "x"*16384
    raw> "\r\n"
    AUTH secret
    CONFIG SET requirepass ""

Many arguments are one request
    raw> "DEL a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a\r\n"

A big pipeline is answered whole
    raw replies=3000> "PING\r\n"*3000
    PING
    raw replies=500> "*2\r\n$4\r\nECHO\r\n$10\r\n0123456789\r\n"*500

Replies of every type in RESP2 and in RESP3
    SET k v
    HSET h f v
    SADD s m
    GET k
    GET missing
    DEL k
    TYPE h
    HGETALL h
    SMEMBERS s
    HGETALL missing
    SMEMBERS missing
    HMGET h f x
    HRANDFIELD h
    HRANDFIELD h 1 WITHVALUES
    SRANDMEMBER missing
    SPOP missing
    SINTER s missing
    CONFIG GET timeout
    FOO
""",
    ),
]
