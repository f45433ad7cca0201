"""Calls to Python: of a script's own functions, of library functions, of commands by their names.

A function of Lua answers with a list of results. What is known to give one value, and where one
value is wanted, needs no list: library functions have a form for that, and so has ``redis.call``
with a command that the source names, which is looked up when the script is loaded.
"""

from __future__ import annotations

import re

from . import nodes
from .bodies import direct_name, text_of
from .expressions import MAX_INLINE, Expressions
from .kinds import Kind
from .named import Form, NamedCommand
from .numbers import argument_text
from .patterns import fitting

#: Library functions that have a form for one argument and one result, in ``World.namespace``.
_ONE_FOR_ONE = {"_G_tonumber": "tonumber", "_G_tostring": "tostring", "math_floor": "floor"}
#: Library functions that always give one result, or raise.
_ONE_RESULT = frozenset(
    (
        *("_G_getmetatable", "_G_rawequal", "_G_rawget", "_G_setmetatable", "_G_type"),
        *("_G_tonumber", "_G_tostring", "bit_band", "bit_bor", "bit_bxor", "cjson_decode"),
        *("cjson_encode", "math_abs", "math_ceil", "math_floor", "math_fmod", "math_max"),
        *("math_min", "math_random", "redis_call", "redis_error_reply", "redis_pcall"),
        *("redis_sha1hex", "redis_status_reply", "string_char", "string_format", "string_len"),
        *("string_lower", "string_rep", "string_reverse", "string_sub", "string_upper"),
        *("table_concat", "table_getn"),
    )
)
#: The expressions in whose text calls may stand: operands of others have names.
_MAY_CALL = nodes.Call | nodes.TableConstructor | nodes.Parenthesized
#: Up to this depth a tail call is a call like any other, which is faster.
SHALLOW_DEPTH = 150
#: A pattern that is one class, from the beginning of the text to its end.
_ONE_CLASS = re.compile(rb"\^(%[acdlpsuwxACDLPSUWX])\+\$")


class Calls(Expressions):
    """Writes calls, and the lists that their results are taken from."""

    # --- lists of expressions ---------------------------------------------------------------------

    def _list(self, values: list[nodes.Expression]) -> str:
        """All values as a Python list; a call or ``...`` at the end gives all it has."""
        parts = [self._operand(value) for value in values[:-1]]
        if values:
            parts.append(self._last(values[-1]))
        return f"[{', '.join(parts)}]"

    def _last(self, value: nodes.Expression, *, is_ready: bool = False) -> str:
        """The last of a list: every value that it gives.

        If it is to be ready, what is called for it is called in a line before.
        """
        if not self._is_many(value):
            is_named = is_ready and isinstance(value, _MAY_CALL)
            return self._operand(value) if is_named else self._expression(value)
        self._nested_calls += 1
        text = self._many(value)
        self._nested_calls -= 1
        is_deep = (self._nested_calls + 1) % MAX_INLINE == 0
        return f"*{self._named(text) if '(' in text and (is_ready or is_deep) else text}"

    def _is_many(self, value: nodes.Expression) -> bool:
        """Whether it gives as many values as it likes."""
        match value:
            case nodes.Vararg() | nodes.MethodCall():
                return True
            case nodes.Call():
                return not self._is_single(value)
        return False

    def _many(self, value: nodes.Expression) -> str:
        if isinstance(value, nodes.Vararg):
            return "rest"
        assert isinstance(value, nodes.Call | nodes.MethodCall)  # noqa: S101  # see _is_many
        text, callee = self._call(value)
        return text if callee is None else self._named(text, callee)

    def _adjusted(
        self, values: list[nodes.Expression], wanted: int, *, own: bool = False
    ) -> list[str]:
        """Exactly ``wanted`` values; ``own`` ones do not change when a variable does."""
        is_owned = own or wanted > 1 or len(values) > wanted
        operand = self._owned if is_owned else self._expression
        if values and self._is_many(values[-1]) and len(values) < wanted:
            given = [operand(value) for value in values[:-1]]
            missing = wanted - len(given)
            results = self._named(f"adjust({self._many(values[-1])}, {missing})")
            return [*given, *(f"{results}[{at}]" for at in range(missing))]
        given = [operand(value) for value in values]
        return (given + ["None"] * wanted)[:wanted]

    # --- one value --------------------------------------------------------------------------------

    def _read_Call(self, value: nodes.Call) -> str:
        if self._is_single(value):
            return self._single(value)
        return self._first(*self._call(value))

    def _read_MethodCall(self, value: nodes.MethodCall) -> str:
        return self._first(*self._call(value))

    def _first(self, call: str, callee: str | None) -> str:
        results = self._named(call, callee)
        return f"({results}[0] if {results} else None)"

    def _is_single(self, value: nodes.Call) -> bool:
        """Whether it gives one value, and nothing else."""
        return (self._direct(value.function) or "") in _ONE_RESULT

    def _has_no_list(self, value: nodes.Call) -> bool:
        """Whether it has a form without a list."""
        return self._is_command(value) or (
            (self._direct(value.function) or "") in _ONE_FOR_ONE
            and len(value.arguments) == 1
            and not self._is_many(value.arguments[0])
        )

    def _single(self, value: nodes.Call) -> str:
        if not self._has_no_list(value):
            return f"{self._call(value)[0]}[0]"
        if self._is_command(value):
            is_safe = self._direct(value.function) == "redis_pcall"
            return self._command(value, Form.SAFE_VALUE if is_safe else Form.VALUE)
        function = self._direct(value.function) or ""
        if function == "_G_tonumber":
            return self._tonumber(value)
        if function == "math_floor":
            return self._floor(value)
        argument = self._expression(value.arguments[0])
        self._line = value.line
        return f"{_ONE_FOR_ONE[function]}({argument})"

    def _test(self, value: nodes.Call) -> str | None:
        """``string.find`` of one class asks what bytes a string is made of."""
        if self._direct(value.function) != "string_find" or len(value.arguments) != 2:
            return None
        subject, pattern = value.arguments
        if not isinstance(pattern, nodes.Constant) or not isinstance(pattern.value, bytes):
            return None
        element = _ONE_CLASS.fullmatch(pattern.value)
        if element is None:
            return None
        text = self._operand(subject)
        self._line = value.line
        if element[1] == b"%d":
            is_string = f"{text}.__class__ is bytes"
            slow = f"is_made_of({text}, {fitting(element[1])!r}, {pattern.value!r})"
            return f"({text}.isdigit() if {is_string} else {slow})"
        return f"is_made_of({text}, {fitting(element[1])!r}, {pattern.value!r})"

    def _floor(self, value: nodes.Call) -> str:
        argument = self._operand(value.arguments[0])
        self._line = value.line
        if self._kinds.is_number(value.arguments[0]):
            return f"({argument} // 1.0 if -1e15 < {argument} < 1e15 else floor({argument}))"
        return f"floor({argument})"

    def _tonumber(self, value: nodes.Call) -> str:
        """Digits, as which scripts get nearly every number, are read at once."""
        argument = self._operand(value.arguments[0])
        self._line = value.line
        if isinstance(value.arguments[0], nodes.Constant):
            return f"tonumber({argument})"
        is_digits = f"{argument}.__class__ is bytes and {argument}.isdigit()"
        return f"(float({argument}) if {is_digits} else tonumber({argument}))"

    # --- commands ---------------------------------------------------------------------------------

    def _is_command(self, value: nodes.Call) -> bool:
        """``redis.call`` with a command that the source names, and a known number of words."""
        return (
            self._direct(value.function) in ("redis_call", "redis_pcall")
            and bool(value.arguments)
            and isinstance(value.arguments[0], nodes.Constant)
            and isinstance(value.arguments[0].value, bytes)
            and not self._is_many(value.arguments[-1])
        )

    def _is_ignorable(self, value: nodes.Call) -> bool:
        """Whether it is such a call, whose reply need not be made a value."""
        return self._is_command(value) and self._direct(value.function) == "redis_call"

    def _command(self, value: nodes.Call, form: Form) -> str:
        name = value.arguments[0]
        assert isinstance(name, nodes.Constant)  # noqa: S101  # see _is_command
        assert isinstance(name.value, bytes)  # noqa: S101  # as above
        words = [(each, self._owned_argument(each)) for each in value.arguments[1:]]
        self._line = value.line
        named = NamedCommand(name.value, len(value.arguments), form)
        command = self._writer.command(named)
        if form is Form.SAFE_VALUE:  # which tells of a word that is none as of any other error
            return f"{command}({', '.join(text for _, text in words)})"
        return f"{command}({', '.join(self._word(each, text) for each, text in words)})"

    def _word(self, value: nodes.Expression, text: str) -> str:
        """An argument of a command as a string."""
        kind = self._kinds.of(value)
        # Zero may be negative: see _constant.
        if isinstance(value, nodes.Constant) and isinstance(value.value, float) and value.value:
            return repr(argument_text(value.value))
        if kind is Kind.STRING:
            return text
        if kind is Kind.WHOLE:
            return f"b'%d' % {text} if 0.0 < {text} < 1e17 else word({text})"
        if kind is Kind.WORD:
            return f"{text} if {text} is not None else word({text})"
        if kind is Kind.ANY and not isinstance(value, nodes.Constant):
            return f"{text} if {text}.__class__ is bytes else word({text})"
        return f"word({text})"

    # --- calls ------------------------------------------------------------------------------------

    def _call(self, value: nodes.Call | nodes.MethodCall) -> tuple[str, str | None]:
        """Python for a call, which gives a list, and what an error calls the function.

        A function that is called by a name must be all that is called in a line.
        """
        if isinstance(value, nodes.Call) and self._has_no_list(value):
            return f"[{self._single(value)}]", None
        is_direct = isinstance(value, nodes.Call) and self._direct(value.function) is not None
        function, name, given = self._parts_of(value)
        text = self._call_of(function, name, given, is_direct=is_direct)
        return text, None if is_direct else name

    def _parts_of(self, value: nodes.Call | nodes.MethodCall) -> tuple[str, str, list[str]]:
        """The function that is called, its name in an error, and what it is given."""
        arguments: list[str] = []
        direct = self._direct(value.function) if isinstance(value, nodes.Call) else None
        if direct:
            function = name = direct
        elif isinstance(value, nodes.MethodCall):
            owner = self._name_of(value.owner)
            self._line = value.line
            function = self._named(
                f"index({owner}, {value.name!r}, {self._described(value.owner)!r})"
            )
            arguments.append(owner)
            name = f"method '{text_of(value.name)}'"
        else:
            function = self._name_of(value.function)
            name = self._described(value.function)
        arguments += [self._owned_argument(argument) for argument in value.arguments[:-1]]
        if value.arguments:
            arguments.append(self._last(value.arguments[-1], is_ready=direct is None))
        self._line = value.line
        return function, name, arguments

    def _call_of(self, function: str, name: str, given: list[str], *, is_direct: bool) -> str:
        arguments = ", ".join(given)
        safe = f"{function}({arguments})"
        if is_direct:
            return safe
        if given and given[-1].startswith("*"):
            return f"spread({function}, {name!r}, [{arguments}])"
        slow = self._named_call(function, name, given)
        if len(arguments) > 200:
            return slow
        return f"({safe} if {function}.__class__ is Function else {slow})"

    @staticmethod
    def _named_call(
        function: str, name: str, given: list[str], *, caller: str = "call_named"
    ) -> str:
        return f"{caller}({', '.join([function, repr(name), *given])})"

    def _is_tail(self, value: nodes.Call | nodes.MethodCall) -> bool:
        """Whether to return it may be to go on with another function instead of this one."""
        return isinstance(value, nodes.MethodCall) or self._direct(value.function) is None

    def _tail_call(self, value: nodes.Call | nodes.MethodCall) -> tuple[str, str]:
        """As ``_call``. The negative line tells that Lua would have lost this place."""
        function, name, given = self._parts_of(value)
        self._line = -value.line
        return self._tail_call_of(function, name, given), name

    def _tail_call_of(self, function: str, name: str, given: list[str]) -> str:
        call = self._call_of(function, name, given, is_direct=False)
        if self._function.parent is None or self._function.is_lifted:
            return call
        deep = self._deep_tail_call(function, name, given)
        return f"({call} if budget.depth < {SHALLOW_DEPTH} else {deep})"

    def _deep_tail_call(self, function: str, name: str, given: list[str]) -> str:
        return f"tail_call({function}, {name!r}, [{', '.join(given)}])"

    def _owned_argument(self, value: nodes.Expression) -> str:
        """An argument that a call in a later argument must not change."""
        if isinstance(value, nodes.LocalName) and not value.local.is_captured:
            return self._operand(value)
        return self._owned(value)


#: What a coroutine calls to stop.
YIELD = direct_name(b"coroutine", b"yield")
