"""Codecs for typed data: dataclasses, pydantic models, msgspec structs.

None of them chooses a class by what the store holds: the type is the application's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from .content import Codec

T = TypeVar("T")
#: Fields as they were stored, and the version that they are of: the fields of the current one.
Upgrade = Callable[[dict[str, Any], int], Mapping[str, Any]]


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


class VersionedCodec(Generic[T]):
    """Data whose shape has changed: what an older release has stored is upgraded as it is read.

    The version is kept beside the data, as one more field; what was stored without one is of
    version 0. ``edit`` and ``update_data`` write the whole anew; ``patch`` writes fields as they
    are stored, whatever version those around them are of.
    """

    #: The field that holds the version.
    field = "schema_version"

    def __init__(self, codec: Codec[T], version: int, upgrade: Upgrade) -> None:
        """``upgrade`` gets fields of an older version, and which one."""
        if version < 1:
            raise ValueError("versions begin with 1: 0 is of what was stored without one")
        self._codec = codec
        self._version = version
        self._upgrade = upgrade

    def to_fields(self, data: T) -> Mapping[str, Any]:
        return {**self._codec.to_fields(data), self.field: self._version}

    def from_fields(self, fields: Mapping[str, Any]) -> T:
        """Raises ValueError for a version that is newer than this one."""
        own = dict(fields)
        version = own.pop(self.field, 0)
        if version > self._version:
            raise ValueError(f"version {version} is newer than {self._version}")
        return self._codec.from_fields(
            own if version == self._version else self._upgrade(own, version)
        )

    def is_current(self, fields: Mapping[str, Any]) -> bool:
        """Whether fields are of the version that is written."""
        return bool(fields.get(self.field) == self._version)
