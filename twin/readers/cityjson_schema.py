"""What CityJSON text is decoded into, and what is done with objects of a wrong shape."""

from __future__ import annotations

from typing import Any

import msgspec

from twin.city.tally import Tally


class ObjectId(str):
    """Key of a city object; decoding one runs a hook, which is how doubles are noticed."""

    __slots__ = ()


class Geometry(msgspec.Struct):
    """One geometry of a city object."""

    type: Any = None
    lod: Any = None
    boundaries: Any = None
    semantics: Any = None
    material: Any = None
    texture: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    template: Any = None
    matrix: Any = msgspec.field(default=None, name="transformationMatrix")


class CityObject(msgspec.Struct):
    """One city object."""

    type: Any = None
    attributes: Any = None
    geometry: list[Geometry] | None = None
    parents: Any = None
    parent: Any = None  # before 1.0
    children: Any = None
    members: Any = None  # CityObjectGroup before 1.1


class Model(msgspec.Struct):
    """A CityJSON file, or one line of a CityJSONSeq file."""

    type: Any = None
    version: Any = None
    metadata: Any = None
    transform: Any = None
    city_objects: dict[ObjectId, CityObject] | msgspec.UnsetType = msgspec.field(
        default=msgspec.UNSET, name="CityObjects"
    )
    vertices: Any = None
    templates: Any = msgspec.field(default=None, name="geometry-templates")
    appearance: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    id: Any = None


class Decoder:
    """Decodes CityJSON text strictly, and where that fails object by object."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._n_keys = 0
        self._decoder = msgspec.json.Decoder(Model, dec_hook=self._count_key)

    def decode(self, text: bytes) -> Model:
        """Decode one JSON value.

        Raises
        ------
        msgspec.DecodeError, UnicodeError, RecursionError
            It is not JSON.
        ValueError
            It is not a CityJSON object at its outermost levels.
        """
        self._n_keys = 0
        try:
            model = self._decoder.decode(text)
        except msgspec.ValidationError:
            return self._lenient(msgspec.json.decode(text))
        if isinstance(model.city_objects, dict):
            self._tally.add(
                "duplicate-id",
                "City objects that share an id with a later one were left out",
                self._n_keys - len(model.city_objects),
            )
        return model

    def _count_key(self, _type: type, key: object) -> ObjectId:
        self._n_keys += 1
        return ObjectId(key)

    def _lenient(self, value: Any) -> Model:
        if not isinstance(value, dict):
            raise ValueError("the outermost value is no JSON object")  # noqa: TRY004
        objects = value.pop("CityObjects", None)
        if objects is not None and not isinstance(objects, dict):
            raise ValueError("CityObjects is no JSON object")
        appearance = value.pop("appearance", None)
        model = msgspec.convert(value, Model)
        model.appearance = msgspec.Raw(msgspec.json.encode(appearance))
        model.city_objects = {
            ObjectId(key): self._object(one) for key, one in (objects or {}).items()
        }
        return model

    def _object(self, value: Any) -> CityObject:
        if not isinstance(value, dict):
            self._tally.add("bad-object", "City objects that are no JSON objects have no content")
            return CityObject()
        geometry = value.pop("geometry", None)
        made = msgspec.convert(value, CityObject)
        if isinstance(geometry, list):
            good = [geometry_of(one) for one in geometry if isinstance(one, dict)]
            self._tally.add(
                "bad-geometry",
                "Geometries of a wrong shape were left out",
                len(geometry) - len(good),
            )
            made.geometry = good
        elif geometry is not None:
            self._tally.add("bad-geometry", "Geometries of a wrong shape were left out")
        return made


def geometry_of(value: dict[str, Any]) -> Geometry:
    """A geometry from a decoded JSON object; its texture stays text until it is needed."""
    plain = {name: inner for name, inner in value.items() if name != "texture"}
    made = msgspec.convert(plain, Geometry)
    if value.get("texture") is not None:
        made.texture = msgspec.Raw(msgspec.json.encode(value["texture"]))
    return made
