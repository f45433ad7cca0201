"""Codecs for typed data: dataclasses, pydantic models, msgspec structs.

None of them chooses a class by what the store holds: the type is the application's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


class DataclassCodec(Generic[T]):
    """A dataclass whose fields JSON can hold. Fields without a value in the store get defaults."""

    def __init__(self, type_: type[T]) -> None:
        if not dataclasses.is_dataclass(type_):
            raise TypeError(f"{type_!r} is no dataclass")
        self._type = type_
        self._names = {field.name for field in dataclasses.fields(type_)}

    def to_fields(self, data: T) -> Mapping[str, Any]:
        return {name: getattr(data, name) for name in self._names}

    def from_fields(self, fields: Mapping[str, Any]) -> T:
        """A field that the class has no longer is left out: it was written by its older self."""
        return self._type(**{name: fields[name] for name in self._names & fields.keys()})


class PydanticModel(Protocol):
    """The part of ``pydantic.BaseModel`` that is used."""

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...

    @classmethod
    def model_validate(cls, obj: Any) -> Any: ...


Model = TypeVar("Model", bound=PydanticModel)


class PydanticCodec(Generic[Model]):
    """A pydantic model; what is read is validated."""

    def __init__(self, type_: type[Model]) -> None:
        self._type = type_

    def to_fields(self, data: Model) -> Mapping[str, Any]:
        return data.model_dump(mode="json")

    def from_fields(self, fields: Mapping[str, Any]) -> Model:
        model: Model = self._type.model_validate(dict(fields))
        return model


class MsgspecCodec(Generic[T]):
    """A ``msgspec.Struct``, or anything else that msgspec converts to and from a mapping."""

    def __init__(self, type_: type[T]) -> None:
        import msgspec

        self._type = type_
        self._msgspec = msgspec

    def to_fields(self, data: T) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = self._msgspec.to_builtins(data)
        return fields

    def from_fields(self, fields: Mapping[str, Any]) -> T:
        return self._msgspec.convert(dict(fields), self._type)
