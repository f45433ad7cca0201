"""Every error a client can be sent, typed, in Redis's exact words.

Handlers raise these and nothing else. A message holds client bytes as ``surrogateescape`` text, so
that it goes out as it came in; ``resp.py`` replaces line ends when it encodes, because an error
that carried one would split the reply stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

#: How much of a name or of an argument list an error quotes: ``%.128s`` in Redis.
QUOTED_BYTES = 128


def as_text(raw: bytes) -> str:
    """Client bytes as they may stand in a message; a C string ends at its first NUL."""
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def quote(raw: bytes) -> str:
    return as_text(raw[:QUOTED_BYTES])


class CommandError(Exception):
    """A reply that begins with ``-``. The message includes its code word."""

    message: ClassVar[str] = "ERR"
    #: Whether it is among the errors that INFO tells of: a script may pass on one that is.
    is_counted = False
    #: Whether a call that answers with it has failed.
    is_failure = True

    def __init__(self, message: str | None = None) -> None:
        super().__init__(self.message if message is None else message)

    @property
    def code(self) -> str:
        """The first word: ``ERR``, ``WRONGTYPE``, ``NOSCRIPT``..."""
        return str(self).partition(" ")[0]


class ProtocolError(Exception):
    """The byte stream is not RESP: the error is sent, and the connection closed."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"ERR Protocol error: {detail}")


class Unanswered(Exception):
    """The connection is closed, and the running request gets no answer."""


class CrossProtocolRequest(Unanswered):
    """The client speaks HTTP: a web page may be trying to reach this port."""


class ReplyOverLimit(Unanswered):
    """The reply, which nobody has begun to make, must exceed ``client-output-buffer-limit``."""


# --- asking for a command -------------------------------------------------------------------------


class UnknownCommand(CommandError):
    def __init__(self, argv: Sequence[bytes]) -> None:
        shown = ""
        for argument in argv[1:]:
            room = QUOTED_BYTES - len(shown.encode("utf-8", "surrogateescape"))
            if room <= 0:
                break
            shown += f"'{as_text(argument[:room])}' "
        super().__init__(
            f"ERR unknown command '{quote(argv[0])}', with args beginning with: {shown}"
        )


class NoSubscriptionToShards(CommandError):
    """SSUBSCRIBE in a transaction. SUBSCRIBE is allowed there, because it always was."""

    message = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"


class NotWhileSubscribed(CommandError):
    def __init__(self, command: str) -> None:
        super().__init__(
            f"ERR Can't execute '{command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT"
            " / RESET are allowed in this context"
        )


class UnknownSubcommand(CommandError):
    def __init__(self, container: bytes, subcommand: bytes) -> None:
        super().__init__(
            f"ERR unknown subcommand '{quote(subcommand)}'. Try {as_text(container.upper())} HELP."
        )


class SubcommandSyntax(CommandError):
    """A subcommand that exists, with arguments that it does not take."""

    def __init__(self, container: str, subcommand: bytes) -> None:
        super().__init__(
            f"ERR unknown subcommand or wrong number of arguments for '{quote(subcommand)}'."
            f" Try {container.upper()} HELP."
        )


class WrongArity(CommandError):
    def __init__(self, command: str) -> None:
        super().__init__(f"ERR wrong number of arguments for '{command}' command")


# --- values and options ---------------------------------------------------------------------------


class WrongType(CommandError):
    message = "WRONGTYPE Operation against a key holding the wrong kind of value"


class SyntaxFault(CommandError):
    message = "ERR syntax error"


class NotAnInteger(CommandError):
    message = "ERR value is not an integer or out of range"


class NotAFloat(CommandError):
    message = "ERR value is not a valid float"


class NotInRange(CommandError):
    message = "ERR value is out of range"


class NotAMagnitude(CommandError):
    """The smallest 64-bit integer as a signed count: it has no positive counterpart."""

    message = (
        "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
    )


class NotPositive(CommandError):
    message = "ERR value is out of range, must be positive"


class NotABinaryDigit(CommandError):
    message = "ERR value is out of range, value must between 0 and 1"


class NotA32BitInteger(CommandError):
    message = "ERR value is out of range, value must between -2147483648 and 2147483647"


class NoValuesWithoutHash(CommandError):
    message = "ERR NOVALUES option can only be used in HSCAN"


class InvalidCursor(CommandError):
    message = "ERR invalid cursor"


class IncrementOverflow(CommandError):
    message = "ERR increment or decrement would overflow"


class DecrementOverflow(CommandError):
    message = "ERR decrement would overflow"


class IncrementNotFinite(CommandError):
    message = "ERR increment would produce NaN or Infinity"


class NoSuchKey(CommandError):
    message = "ERR no such key"


class TooManyKeys(CommandError):
    message = "ERR Number of keys can't be greater than number of args"


class InvalidExpireTime(CommandError):
    def __init__(self, command: str) -> None:
        super().__init__(f"ERR invalid expire time in '{command}' command")


# --- strings --------------------------------------------------------------------------------------


class OffsetOutOfRange(CommandError):
    message = "ERR offset is out of range"


class StringTooLong(CommandError):
    message = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"


class LcsNotStrings(CommandError):
    message = "ERR The specified keys must contain string values"


class LcsLengthAndIndexes(CommandError):
    message = "ERR If you want both the length and indexes, please just use IDX."


class LcsTooLong(CommandError):
    message = "ERR String too long for LCS"


class LcsTooBig(CommandError):
    message = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"


class InvalidCondition(CommandError):
    message = "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"


class ConditionOnNoString(CommandError):
    message = "ERR Key should be of string type if conditions are specified"


class NoDigest(CommandError):
    message = "ERR must be exactly 16 hexadecimal characters"


class TooLongToDigest(CommandError):
    message = "ERR string is too long for a digest"


class InvalidNumkeys(CommandError):
    message = "ERR invalid numkeys value or out of range"


class EnxWithoutExpiry(CommandError):
    message = "ERR ENX flag requires an expiration"


class BoundsCrossed(CommandError):
    message = "ERR LBOUND can't be greater than UBOUND"


class NamedNotAnInteger(CommandError):
    def __init__(self, name: str) -> None:
        super().__init__(f"ERR {name} is not an integer or out of range")


class NamedNotAFloat(CommandError):
    def __init__(self, name: str) -> None:
        super().__init__(f"ERR {name} is not a valid float")


class IncrementIsNotFinite(CommandError):
    message = "ERR BYFLOAT increment cannot be Infinity"


class CounterNotFinite(CommandError):
    message = "ERR value cannot be Infinity"


class AppliedOverflow(CommandError):
    message = "ERR applied increment would overflow"


class AppliedNotFinite(CommandError):
    message = "ERR applied increment would be Infinity"


# --- hashes ---------------------------------------------------------------------------------------


class HashValueNotAnInteger(CommandError):
    message = "ERR hash value is not an integer"


class HashValueNotAFloat(CommandError):
    message = "ERR hash value is not a float"


class HashIncrementNotFinite(CommandError):
    message = "ERR value is NaN or Infinity"


class FieldCountMismatch(CommandError):
    message = "ERR numfields should be greater than 0 and match the provided number of fields"


class DuplicateInFieldset(CommandError):
    message = "ERR duplicate field name in fieldset"


class NoSuchFieldset(CommandError):
    message = "ERR no such fieldset"


class ValueCountMismatch(CommandError):
    message = "ERR value count does not match fieldset field count"


# What Redis 8 says of the words of commands on fields.


class FieldsNotInPlace(CommandError):
    message = "ERR Mandatory argument FIELDS is missing or not at the right position"


class FieldCountNotPositive(CommandError):
    message = "ERR Number of fields must be a positive integer"


class FieldCountZero(CommandError):
    message = "ERR Parameter `numFields` should be greater than 0"


class FieldCountNotThatOfWords(CommandError):
    message = "ERR The `numfields` parameter must match the number of arguments"


class InvalidFieldCount(CommandError):
    message = "ERR invalid number of fields"


class NegativeExpireTime(CommandError):
    message = "ERR invalid expire time, must be >= 0"


class FieldConditionTwice(CommandError):
    message = "ERR Only one of FXX or FNX arguments can be specified"


class FieldExpiryTwice(CommandError):
    message = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"


class UnknownFieldArgument(CommandError):
    def __init__(self, word: bytes) -> None:
        super().__init__(f"ERR unknown argument: {as_text(word)}")


# --- sets -----------------------------------------------------------------------------------------


class NoKeysCounted(CommandError):
    message = "ERR numkeys should be greater than 0"


class NegativeLimit(CommandError):
    message = "ERR LIMIT can't be negative"


# --- keys -----------------------------------------------------------------------------------------


class SameObject(CommandError):
    message = "ERR source and destination objects are the same"


class UnsupportedExpireOption(CommandError):
    def __init__(self, option: bytes) -> None:
        # Redis trims the end of a message that it has formatted.
        super().__init__(f"ERR Unsupported option {as_text(option)}".rstrip("\r\n"))


class ExpireNxWithOthers(CommandError):
    message = "ERR NX and XX, GT or LT options at the same time are not compatible"


class ExpireGtWithLt(CommandError):
    message = "ERR GT and LT options at the same time are not compatible"


class FrequencyNotTracked(CommandError):
    message = (
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked."
        " Please note that when switching between policies at runtime LRU and LFU data"
        " will take some time to adjust."
    )


class IdleTimeNotTracked(CommandError):
    message = (
        "ERR An LFU maxmemory policy is selected, idle time not tracked."
        " Please note that when switching between policies at runtime LRU and LFU data"
        " will take some time to adjust."
    )


class SortScoreNotAFloat(CommandError):
    message = "ERR One or more scores can't be converted into double"


class BusyKey(CommandError):
    message = "BUSYKEY Target key name already exists."


class InvalidTtl(CommandError):
    message = "ERR Invalid TTL value, must be >= 0"


class InvalidIdleTime(CommandError):
    message = "ERR Invalid IDLETIME value, must be >= 0"


class InvalidFrequency(CommandError):
    message = "ERR Invalid FREQ value, must be >= 0 and <= 255"


class BadDumpChecksum(CommandError):
    message = "ERR DUMP payload version or checksum are wrong"


class BadDumpFormat(CommandError):
    message = "ERR Bad data format"


class TimeoutNotAnInteger(CommandError):
    message = "ERR timeout is not an integer or out of range"


class NegativeTimeout(CommandError):
    message = "ERR timeout is negative"


class TimeoutOutOfRange(CommandError):
    message = "ERR timeout is out of range"


class AppendOnlyIsOff(CommandError):
    message = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."


# --- connections and transactions -----------------------------------------------------------------


class NotAuthenticated(CommandError):
    message = "NOAUTH Authentication required."


class OutOfMemory(CommandError):
    message = "OOM command not allowed when used memory > 'maxmemory'."


class NotEnoughReplicas(CommandError):
    message = "NOREPLICAS Not enough good replicas to write."


class NoKeysForReplicas(CommandError):
    message = "ERR Replica can't interact with the keyspace"


class MonitorInsideExec(CommandError):
    """MONITOR in a transaction, where each command must have one reply."""

    message = "ERR MONITOR isn't allowed for DENY BLOCKING client"


class NotInTransaction(CommandError):
    message = "ERR Command not allowed inside a transaction"


class ExecWithoutMulti(CommandError):
    message = "ERR EXEC without MULTI"


class DiscardWithoutMulti(CommandError):
    message = "ERR DISCARD without MULTI"


class NestedMulti(CommandError):
    message = "ERR MULTI calls can not be nested"


class WatchInsideMulti(CommandError):
    message = "ERR WATCH inside MULTI is not allowed"


class TransactionAborted(CommandError):
    message = "EXECABORT Transaction discarded because of previous errors."


class TransactionRefused(CommandError):
    """An EXEC that was refused before it ran."""

    def __init__(self, refusal: CommandError) -> None:
        reason = str(refusal).removeprefix("ERR ")
        super().__init__(f"EXECABORT Transaction discarded because of: {reason}")


class DatabaseOutOfRange(CommandError):
    message = "ERR DB index is out of range"


class WrongPassword(CommandError):
    message = "WRONGPASS invalid username-password pair or user is disabled."


class NoPasswordSet(CommandError):
    message = (
        "ERR AUTH <password> called without any password configured for the default user."
        " Are you sure your configuration is correct?"
    )


class HelloUnauthenticated(CommandError):
    message = (
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the"
        " HELLO AUTH <user> <pass> option can be used to authenticate the client"
        " and select the RESP protocol version at the same time"
    )


class UnsupportedProtocol(CommandError):
    message = "NOPROTO unsupported protocol version"


class ProtocolVersionNotAnInteger(CommandError):
    message = "ERR Protocol version is not an integer or out of range"


class HelloSyntax(CommandError):
    def __init__(self, option: bytes) -> None:
        super().__init__(f"ERR Syntax error in HELLO option '{as_text(option)}'")


class InvalidClientName(CommandError):
    message = "ERR Client names cannot contain spaces, newlines or special characters."


class InvalidClientInfo(CommandError):
    def __init__(self, attribute: bytes) -> None:
        super().__init__(
            f"ERR {as_text(attribute)} cannot contain spaces, newlines or special characters."
        )


class UnknownClientInfo(CommandError):
    def __init__(self, attribute: bytes) -> None:
        super().__init__(f"ERR Unrecognized option '{as_text(attribute)}'")


class InvalidClientId(CommandError):
    message = "ERR Invalid client ID"


class ClientIdNotPositive(CommandError):
    message = "ERR client-id should be greater than 0"


class FilterNotAnInteger(CommandError):
    def __init__(self, name: str) -> None:
        super().__init__(f"ERR {name} is not an integer or out of range")


class FilterNotPositive(CommandError):
    def __init__(self, name: str) -> None:
        super().__init__(f"ERR {name} should be greater than 0")


class DatabaseNotInRange(CommandError):
    def __init__(self, name: str, last: int) -> None:
        super().__init__(f"ERR {name} number should be between 0 and {last}")


class UnknownFilterLetters(CommandError):
    def __init__(self, name: str, which: str, value: bytes) -> None:
        super().__init__(f"ERR Unknown {name} found in the {which} filter: {as_text(value)}")


class NoImportMode(CommandError):
    message = "ERR Server is not in import mode"


class UnknownPauseMode(CommandError):
    message = "ERR CLIENT PAUSE mode must be WRITE or ALL"


class Unblocked(CommandError):
    message = "UNBLOCKED client unblocked via CLIENT UNBLOCK"


class UnknownUnblockReason(CommandError):
    message = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"


class UnknownClientType(CommandError):
    def __init__(self, kind: bytes) -> None:
        super().__init__(f"ERR Unknown client type '{as_text(kind)}'")


class NoSuchClient(CommandError):
    message = "ERR No such client"


class NoSuchRedirection(CommandError):
    message = "ERR The client ID you want redirect to does not exist"


class OneRedirectionOnly(CommandError):
    message = "ERR A client can only redirect to a single other client"


class PrefixNeedsBroadcast(CommandError):
    message = "ERR PREFIX option requires BCAST mode to be enabled"


class BroadcastNotSwitchable(CommandError):
    message = (
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then"
        " re-enabling it with a different mode."
    )


class BroadcastWithChoice(CommandError):
    message = "ERR OPTIN and OPTOUT are not compatible with BCAST"


class OptInWithOptOut(CommandError):
    message = "ERR You can't specify both OPTIN mode and OPTOUT mode"


class ChoiceNotSwitchable(CommandError):
    message = (
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then"
        " re-enabling it with a different mode."
    )


class PrefixOverlapsExisting(CommandError):
    def __init__(self, prefix: bytes, existing: bytes) -> None:
        super().__init__(
            f"ERR Prefix '{as_text(prefix)}' overlaps with an existing prefix"
            f" '{as_text(existing)}'. Prefixes for a single client must not overlap."
        )


class PrefixOverlapsProvided(CommandError):
    def __init__(self, prefix: bytes, other: bytes) -> None:
        super().__init__(
            f"ERR Prefix '{as_text(prefix)}' overlaps with another provided prefix"
            f" '{as_text(other)}'. Prefixes for a single client must not overlap."
        )


class CachingWithoutTracking(CommandError):
    message = (
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or"
        " OPTOUT mode enabled"
    )


class CachingYesWithoutOptIn(CommandError):
    message = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."


class CachingNoWithoutOptOut(CommandError):
    message = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."


class NoSuchUser(CommandError):
    def __init__(self, user: bytes) -> None:
        super().__init__(f"ERR No such user '{as_text(user)}'")


# --- access control -------------------------------------------------------------------------------


class AclRuleFault(Exception):
    """An ACL rule that cannot be applied. The reply depends on where the rule came from."""

    message: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.message)


class AclUnknownName(AclRuleFault):
    message = "Unknown command or category name in ACL"


class AclSyntax(AclRuleFault):
    message = "Syntax error"


class AclKeysAfterAll(AclRuleFault):
    message = (
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not"
        " have any effect. Try 'resetkeys' to start with an empty list of patterns"
    )


class AclChannelsAfterAll(AclRuleFault):
    message = (
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does"
        " not have any effect. Try 'resetchannels' to start with an empty list of channels"
    )


class AclNoSuchPassword(AclRuleFault):
    message = "The password you are trying to remove from the user does not exist"


class AclBadHash(AclRuleFault):
    message = (
        "The password hash must be exactly 64 characters and contain only lowercase"
        " hexadecimal characters"
    )


class AclFirstWordOfSubcommand(AclRuleFault):
    message = "Allowing first-arg of a subcommand is not supported"


class AclRuleRefused(CommandError):
    def __init__(self, rule: bytes, fault: AclRuleFault) -> None:
        super().__init__(f"ERR Error in ACL SETUSER modifier '{as_text(rule)}': {fault}")


class AclUnmatchedParenthesis(CommandError):
    def __init__(self, rule: bytes) -> None:
        super().__init__(
            f"ERR Unmatched parenthesis in acl selector starting at '{as_text(rule)}'."
        )


class AclBadUserName(CommandError):
    message = "ERR Usernames can't contain spaces or null characters"


class AclDefaultUserStays(CommandError):
    message = "ERR The 'default' user cannot be removed"


class AclUnknownCategory(CommandError):
    def __init__(self, category: bytes) -> None:
        super().__init__(f"ERR Unknown category '{quote(category)}'")


class AclPasswordBits(CommandError):
    def __init__(self, limit: int) -> None:
        super().__init__(
            "ERR ACL GENPASS argument must be the number of bits for the output password,"
            f" a positive number up to {limit}"
        )


class AclNoFile(CommandError):
    message = (
        "ERR This Redis instance is not configured to use an ACL file. You may want to specify"
        " users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a"
        " Redis configuration file set) in order to store users in the Redis configuration."
    )


class AclNotLoaded(CommandError):
    """What is wrong with the lines of an ACL file."""

    def __init__(self, faults: str) -> None:
        super().__init__(f"ERR {faults}")


class AclNotSaved(CommandError):
    message = (
        "ERR There was an error trying to save the ACLs. Please check the server logs for more"
        " information"
    )


class AclUserNotFound(CommandError):
    def __init__(self, user: bytes) -> None:
        super().__init__(f"ERR User '{as_text(user)}' not found")


class AclCommandNotFound(CommandError):
    def __init__(self, command: bytes) -> None:
        super().__init__(f"ERR Command '{as_text(command)}' not found")


class NoPermission(CommandError):
    """``reason`` is as in ACL LOG: command, key or channel."""

    def __init__(self, reason: str, command: str) -> None:
        wanted = {
            "command": f"run the '{command}' command",
            "key": "access one of the keys used as arguments",
            "channel": "access one of the channels used as arguments",
        }
        super().__init__(f"NOPERM this user has no permissions to {wanted[reason]}")


class NoPermissionAnyMore(CommandError):
    """A queued command that the user may no longer run at EXEC."""

    _WHY: ClassVar[dict[str, str]] = {
        "command": "no permission to execute the command or subcommand",
        "key": "no permission to touch the specified keys",
        "channel": "no permission to access one of the channels used as arguments",
    }

    def __init__(self, reason: str) -> None:
        super().__init__(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the"
            " EXEC call. This command is no longer allowed for the following reason:"
            f" {self._WHY[reason]}"
        )


class ScriptNoPermission(CommandError):
    _WHY: ClassVar[dict[str, str]] = {
        "command": "can't run this command or subcommand",
        "key": "can't access at least one of the keys mentioned in the command arguments",
        "channel": "can't publish to the channel mentioned in the command",
    }

    def __init__(self, reason: str) -> None:
        super().__init__(f"ERR The user executing the script {self._WHY[reason]}")


class SortOptionDenied(CommandError):
    def __init__(self, option: str) -> None:
        super().__init__(f"ERR {option} option of SORT denied due to insufficient ACL permissions.")


class TooManyClients(CommandError):
    message = "ERR max number of clients reached"


class InProtectedMode(CommandError):
    message = (
        "DENIED Redis is running in protected mode because protected mode is enabled and no"
        " password is set for the default user. In this mode connections are only accepted from"
        " the loopback interface. If you want to connect from external computers to Redis you may"
        " adopt one of the following solutions: 1) Just disable protected mode sending the command"
        " 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from"
        " the same host the server is running, however MAKE SURE Redis is not publicly accessible"
        " from internet if you do so. Use CONFIG REWRITE to make this change permanent."
        " 2) Alternatively you can just disable the protected mode by editing the Redis"
        " configuration file, and setting the protected mode option to 'no', and then restarting"
        " the server. 3) If you started the server manually just for testing, restart it with the"
        " '--protected-mode no' option. 4) Setup a an authentication password for the default user."
        " NOTE: You only need to do one of the above things in order for the server to start"
        " accepting connections from the outside."
    )


# --- the server -----------------------------------------------------------------------------------


class InvalidDatabaseIndex(CommandError):
    def __init__(self, place: str) -> None:
        super().__init__(f"ERR invalid {place} DB index")


class UnknownSetting(CommandError):
    def __init__(self, name: bytes) -> None:
        super().__init__(
            f"ERR Unknown option or number of arguments for CONFIG SET - '{as_text(name)}'"
        )


class ConfigRefused(CommandError):
    def __init__(self, name: bytes, reason: str) -> None:
        super().__init__(
            f"ERR CONFIG SET failed (possibly related to argument '{as_text(name)}') - {reason}"
        )


class SettingReason:
    """Why a setting is refused, for ConfigRefused, and for a file or an option at the start."""

    DUPLICATE = "duplicate parameter"
    IMMUTABLE = "can't set immutable config"
    PROTECTED = "can't set protected config"
    CANNOT_LISTEN = "Unable to listen on this port. Check server logs."
    CANNOT_BIND = "Failed to bind to specified addresses."
    NO_TLS = "Unable to update TLS configuration. Check server logs."
    NO_DEFRAGMENTATION = (
        "Active defragmentation cannot be enabled: it requires a Redis server compiled with a"
        " modified Jemalloc like the one shipped by default with the Redis source distribution"
    )
    NOT_AN_INTEGER = "argument couldn't be parsed into an integer"
    NOT_A_SIZE = "argument must be a memory value"
    NOT_A_SIZE_OR_PERCENT = "argument must be a memory or percent value"
    MORE_THAN_ALL = "percentage argument must be less or equal to 100"
    NOT_OCTAL = "argument couldn't be parsed as an octal number"
    NOT_PERMISSIONS = "argument must be between 0 and 777 inclusive"
    NOT_YES_OR_NO = "argument must be 'yes' or 'no'"
    OUTPUT_LIMIT_WORDS = "Wrong number of arguments in buffer limit configuration."
    OUTPUT_LIMIT_CLASS = "Invalid client class specified in buffer limit configuration."
    OUTPUT_LIMIT_NUMBER = (
        "Error in hard, soft or soft_seconds setting in buffer limit configuration."
    )
    UNKNOWN_EVENT_CLASS = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
    NOT_PERCENTILES = "Invalid latency-tracking-info-percentiles parameters"
    PERCENTILE_OUT_OF_RANGE = (
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]"
    )
    HOST_NAME_TOO_LONG = "Hostnames must be less than 256 characters"
    HOST_NAME_CHARACTERS = "Hostnames may only contain alphanumeric characters, hyphens or dots"
    SAVE_POINTS = "Invalid save parameters"
    OOM_SCORE_COUNT = "wrong number of arguments"
    OOM_SCORE_OUT_OF_RANGE = (
        "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
    )
    TITLE_TEMPLATE = "template format is invalid or contains unknown variables"
    SAVE_AND_NOSAVE = "shutdown options SAVE and NOSAVE can't be used simultaneously"

    @staticmethod
    def not_between(low: int, high: int) -> str:
        return f"argument must be between {low} and {high} inclusive"

    @staticmethod
    def not_one_of(words: Iterable[str]) -> str:
        return f"argument(s) must be one of the following: {', '.join(words)}"


class NoConfigFile(CommandError):
    message = "ERR The server is running without a config file"


class ConfigNotRewritten(CommandError):
    def __init__(self, error: OSError) -> None:
        super().__init__(f"ERR Rewriting config file: {error.strerror}")


class UnknownRenamed(ValueError):
    """``rename-command`` names a command that does not exist, or a new name that is taken."""


class InvalidCommandSpecified(CommandError):
    message = "ERR Invalid command specified"


class CommandWithoutKeys(CommandError):
    message = "ERR The command has no key arguments"


class InvalidArgumentCount(CommandError):
    message = "ERR Invalid number of arguments specified for command"


class InvalidArgumentsSpecified(CommandError):
    message = "ERR Invalid arguments specified for command"


# --- scripts --------------------------------------------------------------------------------------


class ScriptFailed(CommandError):
    """An error that ended a script: what it was, in which script, and on which line."""

    def __init__(
        self,
        message: str,
        name: str,
        position: tuple[bytes, int] | None,
        *,
        is_counted: bool = False,
    ) -> None:
        """``name`` is the script's SHA-1, or the function's name."""
        where = "" if position is None else f"{as_text(position[0])}:{position[1]}"
        super().__init__(message + (where and f" script: {name}, on {where}."))
        self.is_counted = is_counted


class NamelessError(CommandError):
    """A script ended with an error table that has no message."""

    message = "ERR unknown error"


class ScriptDoesNotCompile(CommandError):
    def __init__(self, message: bytes) -> None:
        super().__init__(f"ERR Error compiling script (new function): {as_text(message)}")


class NoSuchScript(CommandError):
    message = "NOSCRIPT No matching script. Please use EVAL."


class NoScriptToShow(CommandError):
    message = "NOSCRIPT No matching script."


class NegativeKeyCount(CommandError):
    message = "ERR Number of keys can't be negative"


class ScriptArgumentType(CommandError):
    message = "ERR Lua redis lib command arguments must be strings or integers"


class ScriptArgumentCount(CommandError):
    message = "ERR Please specify at least one argument for this redis lib call"


class ScriptUnknownCommand(CommandError):
    message = "ERR Unknown Redis command called from script"


class ScriptWrongArity(CommandError):
    message = "ERR Wrong number of args calling Redis command from script"


class ScriptCommandNotAllowed(CommandError):
    message = "ERR This Redis command is not allowed from script"


class ScriptWriteNotAllowed(CommandError):
    message = "ERR Write commands are not allowed from read-only scripts."


class ScriptStoppedByServer(CommandError):
    """An in-process script ran too long. Redis answers others -BUSY; here nobody could be."""

    def __init__(self, limit_ms: int) -> None:
        super().__init__(f"ERR Script ran for more than {limit_ms} ms and was stopped")


class NoScriptRunning(CommandError):
    message = "NOTBUSY No scripts in execution right now."


class ScriptUnkillable(CommandError):
    message = (
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can"
        " either wait the script termination or kill the server in a hard way using the SHUTDOWN"
        " NOSAVE command."
    )


class BusyScript(CommandError):
    message = (
        "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
    )


class BusyFunction(CommandError):
    message = (
        "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
    )


class ScriptKilled(CommandError):
    message = "ERR Script killed by user with SCRIPT KILL."


class ScriptDebugMode(CommandError):
    message = "ERR Use SCRIPT DEBUG YES/SYNC/NO"


class NoScriptDebugger(CommandError):
    """Redis would now wait for debugger commands; there is no debugger here."""

    message = "ERR There is no Lua debugger in this server"


class InvalidShebang(CommandError):
    message = "ERR Invalid script shebang"


class InvalidShebangEngine(CommandError):
    message = "ERR Invalid engine in script shebang"


class UnexpectedShebangEngine(CommandError):
    def __init__(self, engine: bytes) -> None:
        super().__init__(f"ERR Unexpected engine in script shebang: {as_text(engine)}")


class UnexpectedShebangFlag(CommandError):
    def __init__(self, flag: bytes) -> None:
        super().__init__(f"ERR Unexpected flag in script shebang: {as_text(flag)}")


class UnknownShebangOption(CommandError):
    def __init__(self, option: bytes) -> None:
        super().__init__(f"ERR Unknown lua shebang option: {as_text(option)}")


class ScriptMayWrite(CommandError):
    message = "ERR Can not execute a script with write flag using *_ro command."


# --- functions ------------------------------------------------------------------------------------


class NoSuchFunction(CommandError):
    message = "ERR Function not found"


class NoSuchLibrary(CommandError):
    message = "ERR Library not found"


class BadNumberOfKeys(CommandError):
    message = "ERR Bad number of keys provided"


class LibraryMetadataMissing(CommandError):
    message = "ERR Missing library metadata"


class LibraryMetadataInvalid(CommandError):
    message = "ERR Invalid library metadata"


class LibraryNameTwice(CommandError):
    message = "ERR Invalid metadata value, name argument was given multiple times"


class LibraryMetadataUnknown(CommandError):
    def __init__(self, part: bytes) -> None:
        super().__init__(f"ERR Invalid metadata value given: {as_text(part)}")


class LibraryNameMissing(CommandError):
    message = "ERR Library name was not given"


class LibraryNameInvalid(CommandError):
    message = (
        "ERR Library names can only contain letters, numbers, or underscores(_) and must be at"
        " least one character long"
    )


class NoSuchEngine(CommandError):
    def __init__(self, engine: bytes) -> None:
        super().__init__(f"ERR Engine '{as_text(engine)}' not found")


class LibraryExists(CommandError):
    """FUNCTION LOAD quotes the name, FUNCTION RESTORE does not."""

    def __init__(self, name: bytes, *, is_quoted: bool = True) -> None:
        shown = as_text(name)
        super().__init__(f"ERR Library {repr(shown) if is_quoted else shown} already exists")


class FunctionExists(CommandError):
    def __init__(self, name: bytes) -> None:
        super().__init__(f"ERR Function {as_text(name)} already exists")


class NoFunctionsRegistered(CommandError):
    message = "ERR No functions registered"


class LibraryDoesNotCompile(CommandError):
    def __init__(self, message: bytes) -> None:
        super().__init__(f"ERR Error compiling function: {as_text(message)}")


class LibraryFailed(CommandError):
    def __init__(self, message: str) -> None:
        super().__init__(f"ERR Error registering functions: {message}")


class LibraryLoadsTooLong(CommandError):
    message = "ERR FUNCTION LOAD timeout"


class FunctionCodeMissing(CommandError):
    message = "ERR Function code is missing"


class UnknownLoadOption(CommandError):
    def __init__(self, option: bytes) -> None:
        super().__init__(f"ERR Unknown option given: {as_text(option)}".rstrip("\r\n"))


class UnknownListOption(CommandError):
    def __init__(self, option: bytes) -> None:
        super().__init__(f"ERR Unknown argument {as_text(option)}")


class LibraryPatternMissing(CommandError):
    message = "ERR library name argument was not given"


class RestorePolicyUnknown(CommandError):
    message = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."


class NotAFunctionPayload(CommandError):
    message = "ERR given type is not a function"


class FunctionPayloadInvalid(CommandError):
    message = "ERR Failed loading library payload"


class RegistrationRefused(CommandError):
    """Arguments that redis.register_function refuses."""

    _WHY: ClassVar[dict[str, str]] = {
        "late": "redis.register_function can only be called on FUNCTION LOAD command",
        "count": "wrong number of arguments to redis.register_function",
        "table": "calling redis.register_function with a single argument is only applicable to Lua"
        " table (representing named arguments).",
        "key": "named argument key given to redis.register_function is not a string",
        "function_name": "function_name argument given to redis.register_function must be a string",
        "description": "description argument given to redis.register_function must be a string",
        "callback": "callback argument given to redis.register_function must be a function",
        "flags": "flags argument to redis.register_function must be a table representing function"
        " flags",
        "flag": "unknown flag given",
        "argument": "unknown argument given to redis.register_function",
        "no name": "redis.register_function must get a function name argument",
        "no callback": "redis.register_function must get a callback argument",
        "first": "first argument to redis.register_function must be a string",
        "second": "second argument to redis.register_function must be a function",
        "twice": "Function already exists in the library",
    }

    def __init__(self, reason: str) -> None:
        super().__init__(f"ERR {self._WHY[reason]}")


class ScriptSingleString(CommandError):
    message = "ERR wrong number or type of arguments"


class ScriptWrongNumberOfArguments(CommandError):
    message = "ERR wrong number of arguments"


class ScriptLogArguments(CommandError):
    message = "ERR redis.log() requires two arguments or more."


class ScriptLogLevel(CommandError):
    message = "ERR Invalid debug level."


class ScriptLogLevelType(CommandError):
    message = "ERR First argument must be a number (log level)."


class ScriptSetReplArguments(CommandError):
    message = "ERR redis.set_repl() requires two arguments."


class ScriptSetReplFlags(CommandError):
    message = "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."


class ScriptUnknownAclCommand(CommandError):
    message = "ERR Invalid command passed to redis.acl_check_cmd()"


class ScriptSetrespArguments(CommandError):
    message = "ERR redis.setresp() requires one argument."


class ScriptSetrespVersion(CommandError):
    message = "ERR RESP version must be 2 or 3."


class ScriptReplyTooDeep(CommandError):
    message = "ERR reached lua stack limit"


class InvalidFlushMode(CommandError):
    message = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"


class InvalidFunctionFlushMode(CommandError):
    message = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"


class SlowlogCountTooSmall(CommandError):
    message = "ERR count should be greater than or equal to -1"


class NoLatencySamples(CommandError):
    def __init__(self, event: bytes) -> None:
        super().__init__(f"ERR No samples available for event '{quote(event)}'")


class _NotAllowed(CommandError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"ERR {name.upper()} command not allowed. If the enable-{name}-command option is set to"
            ' "local", you can run it from a local connection, otherwise you need to set this'
            " option in the configuration file, and then restart the server."
        )


class DebugNotAllowed(_NotAllowed):
    def __init__(self) -> None:
        super().__init__("debug")


class ModuleNotAllowed(_NotAllowed):
    def __init__(self) -> None:
        super().__init__("module")


class UnknownDebugType(CommandError):
    message = (
        "ERR Wrong protocol type name. Please use one of the following:"
        " string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
    )


class DebugError(CommandError):
    """The text that DEBUG ERROR was given: an answer as wished, that counts as no error."""

    is_counted = True
    is_failure = False

    def __init__(self, text: bytes) -> None:
        super().__init__(text.decode("utf-8", "surrogateescape"))


class UnknownLog(CommandError):
    message = "ERR type should be one of the following: slow, large-request, large-reply"


class CollectingAlready(CommandError):
    message = "ERR hotkey tracking session already in progress"


class CollectingStill(CommandError):
    message = "ERR hotkey tracking session in progress, stop tracking first"


class MetricsNotGiven(CommandError):
    message = "ERR METRICS parameter is required"


class MetricCountOutOfRange(CommandError):
    message = "ERR METRICS count must be > 0 and <= 2"


class MetricCountMismatch(CommandError):
    message = "ERR METRICS count does not match number of metric types provided"


class MetricTwice(CommandError):
    def __init__(self, metric: str) -> None:
        super().__init__(f"ERR METRICS {metric} defined more than once!")


class NoKnownMetric(CommandError):
    message = "ERR METRICS no valid metrics passed. Supported: CPU|NET"


class HotKeyCountOutOfRange(CommandError):
    message = "ERR COUNT must be between 1 and 64"


class DurationOutOfRange(CommandError):
    message = "ERR DURATION must be between 1 and 1000000"


class SampleNotPositive(CommandError):
    message = "ERR SAMPLE ratio must be positive"


class SlotsOutsideCluster(CommandError):
    message = "ERR SLOTS parameter cannot be used in non-cluster mode"


class NothingIsBeingSaved(CommandError):
    message = "ERR Background saving is currently not in progress or scheduled"


class NoFailoverOutsideCluster(CommandError):
    message = "ERR SHUTDOWN FAILOVER is only supported in cluster mode."


class CannotFollow(CommandError):
    """REPLICAOF: this server holds what its clients write, and nothing else."""

    message = "ERR this server cannot be a replica"


class InvalidMasterPort(CommandError):
    message = "ERR Invalid master port"


class NoReplicas(CommandError):
    message = "ERR FAILOVER requires connected replicas."


class NoFailoverInProgress(CommandError):
    message = "ERR No failover in progress."


class FailoverTimeoutNotPositive(CommandError):
    message = "ERR FAILOVER timeout must be greater than 0"


class NothingIsSaved(CommandError):
    """SAVE and its kin: this server keeps its data in memory, and must not pretend to save."""

    message = "ERR this server keeps its data in memory only"


class NoShutdownInProgress(CommandError):
    message = "ERR No shutdown in progress."


class CannotShutDown(CommandError):
    """SHUTDOWN without a server that listens: an in-process engine ends with its process."""

    message = "ERR Errors trying to SHUTDOWN. Check logs."


class KeyBesideKeys(CommandError):
    message = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"


class CannotMigrateAtOnce(CommandError):
    """A transaction and a script happen at one instant here; Redis stops the server for them."""

    message = "ERR MIGRATE has to wait for the target: not inside a transaction or a script here"


class CannotMigrate(CommandError):
    """Only a server that listens reaches others, and only for clients that let its loop run."""

    message = "ERR MIGRATE needs a server that listens, and a client that awaits"


class CannotReachTarget(CommandError):
    def __init__(self, doing: str) -> None:
        whom = "the client" if doing == "connecting" else "target instance"
        super().__init__(f"IOERR error or timeout {doing} to {whom}")


class TargetRefused(CommandError):
    def __init__(self, error: bytes) -> None:
        super().__init__(f"ERR Target instance replied with error: {as_text(error)}")


class NotAnSds(CommandError):
    message = "ERR Not an sds encoded string."


class NotAQuicklist(CommandError):
    message = "ERR Not a quicklist encoded object."


class NoSuchTuning(CommandError):
    message = "ERR No such file or directory"


class NotAListpack(CommandError):
    message = "ERR Not a listpack encoded object."


class NotAHashTable(CommandError):
    message = "ERR The value stored at the specified key is not represented using an hash table"


class UnknownReloadOption(CommandError):
    message = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."


class NoDumpToLoad(CommandError):
    message = "ERR Error trying to load the RDB dump"


class BadPackedThreshold(CommandError):
    message = "ERR argument must be a memory value bigger than 1 and smaller than 4gb"


class NoClusterLinks(CommandError):
    message = "ERR Debug option only available for cluster mode enabled setup!"


class Resp3Only(CommandError):
    message = "ERR RESP2 is not supported by this command"


class NoSuchDatabase(CommandError):
    """DEBUG HTSTATS has its own words for a database index that is out of range."""

    message = "ERR Out of range database"
