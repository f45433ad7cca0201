"""Tokens to a syntax tree with its names resolved: the grammar of the Lua 5.1 manual, section 8."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from . import nodes
from .errors import LuaSyntaxError
from .lexer import EOF_KIND, ERROR_KIND, Token, syntax_error, tokens

#: ``LUAI_MAXCCALLS``: how deep statements and expressions may nest.
MAX_NESTING = 200
#: ``LUAI_MAXVARS``: locals of one function. A loop has three that have no name.
MAX_LOCALS = 200
HIDDEN_LOCALS = 3
#: ``LUAI_MAXUPVALUES``: locals of outer functions that one may use.
MAX_CAPTURES = 60

#: Left and right binding power; right-associative where the right one is smaller.
BINARY_POWER = {
    **{b"or": (1, 1), b"and": (2, 2)},
    **{b"<": (3, 3), b">": (3, 3), b"<=": (3, 3), b">=": (3, 3), b"~=": (3, 3), b"==": (3, 3)},
    **{b"..": (5, 4), b"+": (6, 6), b"-": (6, 6)},
    **{b"*": (7, 7), b"/": (7, 7), b"%": (7, 7), b"^": (10, 9)},
}
#: Statements that may stand in one another in one function of Python, which nests 20 loops.
MAX_BLOCKS = 15
#: Branches of one choice, of which each may stand in the one before: Python nests 100 blocks.
MAX_BRANCHES = 75

UNARY_POWER = 8
UNARY = frozenset({b"not", b"-", b"#"})
#: Statements that other statements stand in.
BLOCKS = frozenset({b"if", b"while", b"do", b"for", b"repeat"})
BLOCK_ENDS = frozenset({b"else", b"elseif", b"end", b"until", EOF_KIND})


def parse(source: bytes, nested: int = 0) -> nodes.Chunk:
    """The whole script, read ``nested`` calls deep. Raises LuaSyntaxError."""
    return _Parser(tokens(source), nested).chunk()


class _Parser:
    def __init__(self, found: list[Token], nested: int) -> None:
        self._tokens = found
        self._position = 0
        self._token = self._checked(found[0])
        self._function: nodes.Function
        self._scopes: list[dict[bytes, nodes.Local]] = []
        self._loops = 0
        #: Statements that the current one stands in, within one function of Python.
        self._blocks = 0
        self._nesting = nested
        self._locals: list[nodes.Local] = []
        #: How often each global name was met for anything but an element of its table.
        self._globals: Counter[bytes] = Counter()

    def chunk(self) -> nodes.Chunk:
        main = nodes.Function(line=0, parent=None, name=b"main chunk", is_vararg=True)
        self._function = main
        with self._scope():
            main.body = self._block()
        self._expect(EOF_KIND)
        names = {name: uses > 0 for name, uses in self._globals.items()}
        return nodes.Chunk(main, self._locals, names)

    # --- tokens -----------------------------------------------------------------------------------

    def _advance(self) -> Token:
        token = self._token
        if self._position + 1 < len(self._tokens):
            self._position += 1
            self._token = self._checked(self._tokens[self._position])
        return token

    @staticmethod
    def _checked(token: Token) -> Token:
        if token.kind == ERROR_KIND:
            raise token.value
        return token

    def _accept(self, kind: bytes) -> bool:
        if self._token.kind != kind:
            return False
        self._advance()
        return True

    def _expect(self, kind: bytes) -> Token:
        if self._token.kind != kind:
            shown = "<name>" if kind == b"name" else kind.decode()
            raise self._error(f"'{shown}' expected")
        return self._advance()

    def _expect_match(self, closing: bytes, opening: bytes, line: int) -> None:
        if self._token.kind != closing and line != self._token.line:
            raise self._error(
                f"'{closing.decode()}' expected (to close '{opening.decode()}' at line {line})"
            )
        self._expect(closing)

    def _error(self, what: str) -> LuaSyntaxError:
        return syntax_error(what, self._token.text, self._token.line)

    @contextmanager
    def _nested(self) -> Iterator[None]:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise LuaSyntaxError(self._token.line, "chunk has too many syntax levels")
        yield
        self._nesting -= 1

    # --- names ------------------------------------------------------------------------------------

    @contextmanager
    def _scope(self) -> Iterator[None]:
        self._scopes.append({})
        yield
        self._scopes.pop()

    def _declare(self, name: bytes) -> nodes.Local:
        local = self._new_local(name)
        self._scopes[-1][name] = local
        return local

    def _refuse_more(self, function: nodes.Function, limit: int, what: str) -> NoReturn:
        where = f"function at line {function.line}" if function.parent else "main function"
        raise LuaSyntaxError(self._token.line, f"{where} has more than {limit} {what}")

    def _hide_locals(self) -> None:
        """Of a loop: limit and step, or state and control, and what moves them."""
        for number in range(HIDDEN_LOCALS):
            self._declare(b"(for %d)" % number)

    def _new_local(self, name: bytes) -> nodes.Local:
        whole = self._function.whole
        active = sum(
            local.owner.whole is whole for scope in self._scopes for local in scope.values()
        )
        if active >= MAX_LOCALS:
            self._refuse_more(whole, MAX_LOCALS, "local variables")
        local = nodes.Local(name, self._function, len(self._locals) + 1)
        self._locals.append(local)
        return local

    def _resolve(self, name: bytes, line: int) -> nodes.LocalName | nodes.GlobalName:
        for scope in reversed(self._scopes):
            if name in scope:
                self._capture(scope[name])
                return nodes.LocalName(scope[name], line)
        self._globals[name] += 1
        return nodes.GlobalName(name, line)

    def _index(
        self, owner: nodes.Expression, key: nodes.Expression, line: int, *, is_read: bool = True
    ) -> nodes.Index:
        if is_read:
            self._count_reading(owner)
        if isinstance(owner, nodes.LocalName) and not _is_name(key):
            owner.local.readings += 1
        return nodes.Index(owner, key, line)

    def _count_reading(self, owner: nodes.Expression, change: int = 1) -> None:
        """A use of a global name that leaves its table as it is, or not after all."""
        if isinstance(owner, nodes.GlobalName):
            self._globals[owner.name] -= change

    def _capture(self, local: nodes.Local) -> None:
        """Make a local of an outer function reach the current one, through all between."""
        function: nodes.Function | None = self._function
        while function is not None and function is not local.owner:
            local.is_captured = True
            if local not in function.captures:
                if len(function.captures) >= MAX_CAPTURES and not function.is_lifted:
                    self._refuse_more(function, MAX_CAPTURES, "upvalues")
                function.captures.append(local)
            function = function.parent

    # --- statements -------------------------------------------------------------------------------

    def _block(self) -> list[nodes.Statement]:
        body: list[nodes.Statement] = []
        with self._nested():
            while self._token.kind not in BLOCK_ENDS:
                statement = self._statement()
                body.append(statement)
                self._accept(b";")
                if isinstance(statement, nodes.Return | nodes.Break):
                    break
        return body

    def _scoped_block(self) -> list[nodes.Statement]:
        with self._scope():
            return self._block()

    def _loop_body(self) -> list[nodes.Statement]:
        self._loops += 1
        body = self._scoped_block()
        self._loops -= 1
        return body

    def _statement(self) -> nodes.Statement:
        readers = {
            b"if": self._if,
            b"while": self._while,
            b"do": self._do,
            b"for": self._for,
            b"repeat": self._repeat,
            b"function": self._function_statement,
            b"local": self._local,
            b"return": self._return,
            b"break": self._break,
        }
        kind = self._token.kind
        reader = readers.get(kind)
        if kind not in BLOCKS:
            return reader() if reader else self._expression_statement()
        return self._in_block(readers[kind])

    def _in_block(self, reader: Callable[[], nodes.Statement]) -> nodes.Statement:
        if self._blocks >= MAX_BLOCKS:
            return self._lifted(reader)
        self._blocks += 1
        statement = reader()
        self._blocks -= 1
        return statement

    def _lifted(self, reader: Callable[[], nodes.Statement]) -> nodes.Statement:
        line, outer, blocks = self._token.line, self._function, self._blocks
        function = nodes.Function(
            line, outer, outer.name, is_vararg=outer.is_vararg, is_lifted=True
        )
        self._function, self._blocks = function, 1
        function.body.append(reader())
        self._function, self._blocks = outer, blocks
        return nodes.Lifted(function, line)

    def _if(self) -> nodes.Statement:
        line = self._advance().line
        return self._choice(line)

    def _choice(self, line: int) -> nodes.Statement:
        """What stands behind an ``if`` on a line, or behind one of its ``elseif``."""
        branches = []
        otherwise: list[nodes.Statement] = []
        while True:
            condition = self._expression()
            self._expect(b"then")
            branches.append((condition, self._scoped_block()))
            if self._accept(b"elseif"):
                if len(branches) < MAX_BRANCHES:
                    continue
                otherwise = [self._lifted(lambda: self._choice(line))]
                return nodes.If(branches, otherwise, line)
            if self._accept(b"else"):
                otherwise = self._scoped_block()
            self._expect_match(b"end", b"if", line)
            return nodes.If(branches, otherwise, line)

    def _while(self) -> nodes.Statement:
        line = self._advance().line
        condition = self._expression()
        self._expect(b"do")
        body = self._loop_body()
        self._expect_match(b"end", b"while", line)
        return nodes.While(condition, body, line)

    def _do(self) -> nodes.Statement:
        line = self._advance().line
        body = self._scoped_block()
        self._expect_match(b"end", b"do", line)
        return nodes.Do(body, line)

    def _repeat(self) -> nodes.Statement:
        line = self._advance().line
        self._loops += 1
        with self._scope():
            body = self._block()
            self._expect_match(b"until", b"repeat", line)
            condition = self._expression()  # sees the locals of the body
        self._loops -= 1
        return nodes.Repeat(body, condition, line)

    def _for(self) -> nodes.Statement:
        line = self._advance().line
        names = [self._expect(b"name").value]
        if self._token.kind == b"=":
            return self._numeric_for(names[0], line)
        while self._accept(b","):
            names.append(self._expect(b"name").value)
        if self._token.kind != b"in":
            raise self._error("'=' or 'in' expected")
        self._advance()
        values = self._expressions()
        with self._scope():
            self._hide_locals()
            variables = [self._declare(name) for name in names]
            for variable in variables:
                variable.values.append(None)
            body = self._for_body(line)
        return nodes.GenericFor(variables, values, body, line)

    def _numeric_for(self, name: bytes, line: int) -> nodes.Statement:
        self._advance()
        start = self._expression()
        self._expect(b",")
        stop = self._expression()
        step = self._expression() if self._accept(b",") else None
        with self._scope():
            self._hide_locals()
            variable = self._declare(name)
            variable.counts += [start] if step is None else [start, step]
            body = self._for_body(line)
        return nodes.NumericFor(variable, start, stop, step, body, line)

    def _for_body(self, line: int) -> list[nodes.Statement]:
        self._expect(b"do")
        body = self._loop_body()
        self._expect_match(b"end", b"for", line)
        return body

    def _function_statement(self) -> nodes.Statement:
        line = self._advance().line
        name = self._expect(b"name")
        target: nodes.LocalName | nodes.GlobalName | nodes.Index
        target = self._resolve(name.value, name.line)
        full_name, is_method = name.value, False
        while self._token.kind in (b".", b":"):
            is_method = self._advance().kind == b":"
            part = self._expect(b"name")
            full_name += (b":" if is_method else b".") + part.value
            key = nodes.Constant(part.value, part.line)
            target = self._index(target, key, part.line, is_read=False)
            if is_method:
                break
        function = self._function_body(full_name, line, is_method=is_method)
        return _assignment([target], [nodes.Closure(function, line)], line)

    def _local(self) -> nodes.Statement:
        line = self._advance().line
        if self._accept(b"function"):
            name = self._expect(b"name").value
            local = self._declare(name)  # the function sees its own name
            local.values.append(None)
            local.function = self._function_body(name, line)
            return nodes.LocalFunction(local, local.function, line)
        names = [self._expect(b"name").value]
        while self._accept(b","):
            names.append(self._expect(b"name").value)
        values = self._expressions() if self._accept(b"=") else []
        variables = [self._declare(name) for name in names]
        for at, variable in enumerate(variables):
            variable.values.append(_given(values, at, nodes.Constant(None, line)))
        return nodes.LocalDeclaration(variables, values, line)

    def _return(self) -> nodes.Statement:
        line = self._advance().line
        is_bare = self._token.kind in BLOCK_ENDS or self._token.kind == b";"
        return nodes.Return([] if is_bare else self._expressions(), line)

    def _break(self) -> nodes.Statement:
        if not self._loops:
            self._advance()
            raise self._error("no loop to break")
        return nodes.Break(self._advance().line)

    def _expression_statement(self) -> nodes.Statement:
        line = self._token.line
        first = self._suffixed()
        if isinstance(first, nodes.Call | nodes.MethodCall):
            return nodes.CallStatement(first, line)
        targets = [self._target(first)]
        while self._accept(b","):
            targets.append(self._target(self._suffixed()))
        self._expect(b"=")
        return _assignment(targets, self._expressions(), line)

    def _target(
        self, expression: nodes.Expression
    ) -> nodes.LocalName | nodes.GlobalName | nodes.Index:
        if not isinstance(expression, nodes.LocalName | nodes.GlobalName | nodes.Index):
            raise self._error("syntax error")
        if isinstance(expression, nodes.Index):
            self._count_reading(expression.owner, -1)  # it is written
        return expression

    # --- expressions ------------------------------------------------------------------------------

    def _expressions(self) -> list[nodes.Expression]:
        found = [self._expression()]
        while self._accept(b","):
            found.append(self._expression())
        return found

    def _expression(self, power: int = 0) -> nodes.Expression:
        with self._nested():
            left = self._unary()
            while True:
                operator = self._token.kind
                left_power, right_power = BINARY_POWER.get(operator, (0, 0))
                if left_power <= power:
                    return left
                line = self._advance().line
                right = self._expression(right_power)
                left = nodes.Binary(operator, left, right, line)

    def _unary(self) -> nodes.Expression:
        if self._token.kind in UNARY:
            token = self._advance()
            operand = self._expression(UNARY_POWER)
            if token.kind == b"#":
                self._count_reading(operand)
            return nodes.Unary(token.kind, operand, token.line)
        return self._simple()

    def _simple(self) -> nodes.Expression:
        token = self._token
        match token.kind:
            case b"number" | b"string":
                self._advance()
                return nodes.Constant(token.value, token.line)
            case b"nil" | b"true" | b"false":
                self._advance()
                value = {b"nil": None, b"true": True, b"false": False}[token.kind]
                return nodes.Constant(value, token.line)
            case b"...":
                if not self._function.is_vararg:
                    self._advance()
                    raise self._error("cannot use '...' outside a vararg function")
                self._advance()
                self._function.whole.uses_rest = True
                return nodes.Vararg(token.line)
            case b"{":
                return self._table()
            case b"function":
                self._advance()
                return nodes.Closure(self._function_body(b"", token.line), token.line)
        return self._suffixed()

    def _primary(self) -> nodes.Expression:
        token = self._token
        if token.kind == b"name":
            self._advance()
            return self._resolve(token.value, token.line)
        if token.kind == b"(":
            self._advance()
            inner = self._expression()
            self._expect_match(b")", b"(", token.line)
            return nodes.Parenthesized(inner, token.line)
        raise self._error("unexpected symbol")

    def _suffixed(self) -> nodes.Expression:
        expression = self._primary()
        while True:
            token = self._token
            match token.kind:
                case b".":
                    self._advance()
                    name = self._expect(b"name")
                    key = nodes.Constant(name.value, name.line)
                    expression = self._index(expression, key, name.line)
                case b"[":
                    self._advance()
                    index = self._expression()
                    self._expect(b"]")
                    expression = self._index(expression, index, token.line)
                case b":":
                    self._advance()
                    name = self._expect(b"name")
                    arguments = self._arguments()
                    expression = nodes.MethodCall(expression, name.value, arguments, token.line)
                case b"(" | b"string" | b"{":
                    expression = nodes.Call(expression, self._arguments(), token.line)
                case _:
                    return expression

    def _arguments(self) -> list[nodes.Expression]:
        token = self._token
        if token.kind == b"string":
            self._advance()
            return [nodes.Constant(token.value, token.line)]
        if token.kind == b"{":
            return [self._table()]
        if token.kind != b"(":
            raise self._error("function arguments expected")
        if self._position and self._tokens[self._position - 1].line != token.line:
            raise self._error("ambiguous syntax (function call x new statement)")
        self._advance()
        arguments = [] if self._token.kind == b")" else self._expressions()
        self._expect_match(b")", b"(", token.line)
        return arguments

    def _table(self) -> nodes.Expression:
        line = self._expect(b"{").line
        fields: list[tuple[nodes.Expression | None, nodes.Expression]] = []
        while self._token.kind != b"}":
            following = self._tokens[min(self._position + 1, len(self._tokens) - 1)]
            if self._token.kind == b"name" and following.kind == b"=":
                name = self._advance()
                self._advance()
                fields.append((nodes.Constant(name.value, name.line), self._expression()))
            elif self._token.kind == b"[":
                self._advance()
                key = self._expression()
                self._expect(b"]")
                self._expect(b"=")
                fields.append((key, self._expression()))
            else:
                fields.append((None, self._expression()))
            if not (self._accept(b",") or self._accept(b";")):
                break
        self._expect_match(b"}", b"{", line)
        return nodes.TableConstructor(fields, line)

    def _function_body(self, name: bytes, line: int, *, is_method: bool = False) -> nodes.Function:
        function = nodes.Function(line=line, parent=self._function, name=name)
        outer, self._function = self._function, function
        outer_loops, self._loops = self._loops, 0
        outer_blocks, self._blocks = self._blocks, 0
        with self._scope():
            if is_method:
                function.parameters.append(self._declare(b"self"))
            self._parameters(function)
            for parameter in function.parameters:
                parameter.values.append(None)
            arg = self._declare(b"arg") if function.is_vararg else None
            function.body = self._block()
            if arg is not None:
                function.body.insert(0, _declared_arg(arg, line, is_nil=function.uses_rest))
        self._expect_match(b"end", b"function", line)
        self._function, self._loops, self._blocks = outer, outer_loops, outer_blocks
        return function

    def _parameters(self, function: nodes.Function) -> None:
        self._expect(b"(")
        while self._token.kind != b")":
            if self._accept(b"..."):
                function.is_vararg = True
                break
            if self._token.kind != b"name":
                raise self._error("<name> or '...' expected")
            function.parameters.append(self._declare(self._advance().value))
            if not self._accept(b","):
                break
            if self._token.kind == b")":
                raise self._error("<name> or '...' expected")
        self._expect(b")")


def _declared_arg(arg: nodes.Local, line: int, *, is_nil: bool) -> nodes.Statement:
    value = nodes.Constant(None, line) if is_nil else nodes.ArgumentTable(line)
    arg.values.append(value)
    return nodes.LocalDeclaration([arg], [value], line)


def _assignment(
    targets: list[nodes.LocalName | nodes.GlobalName | nodes.Index],
    values: list[nodes.Expression],
    line: int,
) -> nodes.Assignment:
    for at, target in enumerate(targets):
        if isinstance(target, nodes.LocalName):
            target.local.values.append(_given(values, at, nodes.Constant(None, line)))
    return nodes.Assignment(targets, values, line)


def _given(
    values: list[nodes.Expression], at: int, missing: nodes.Expression
) -> nodes.Expression | None:
    """What an assignment of these values gives the variable at a place; None if it depends."""
    if at < len(values):
        return values[at]
    is_many = values and isinstance(values[-1], nodes.Call | nodes.MethodCall | nodes.Vararg)
    return None if is_many else missing


def _is_name(key: nodes.Expression) -> bool:
    return isinstance(key, nodes.Constant) and isinstance(key.value, bytes)
