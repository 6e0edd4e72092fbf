"""URDFs for pictures whose heavy meshes are replaced by light ones (``visuals="low"``).

Nine tenths of the time of a CALVIN picture go into the robot's hundred thousand faces, which a
200 x 200 image cannot show. The fingers stay as they are: they fill the wrist camera, and their
few hundred faces are cheap.
"""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

from vla_gym.files import make_folder
from vla_gym_calvin.scene_assets.cache import cache_root, content_key
from vla_gym_calvin.scene_assets.simplify import count_faces, simplify

_VERSION = "low-3"
_LIGHT = 2000  # faces; meshes below this are left alone
_SHARE = 0.03  # of the faces of a heavy mesh are kept, but at least
_LEAST = 350


def low_urdf(path: Path) -> Path:
    """Return a cached copy of a URDF that looks like the original in a fraction of the faces.

    A URDF without heavy meshes is returned itself.
    """
    root = ET.parse(path).getroot()
    meshes = {
        element.attrib["filename"]: path.parent / element.attrib["filename"].split("//")[-1]
        for role in ("visual", "collision")
        for element in root.iterfind(f".//{role}/geometry/mesh")
    }
    drawn = {element.attrib["filename"] for element in root.iterfind(".//visual/geometry/mesh")}
    heavy = sorted(name for name in drawn if is_heavy(meshes[name]))
    if not heavy:
        return path
    companions = [file for name in heavy for file in _companions(meshes[name])]
    key = content_key(_VERSION, path, *(meshes[name] for name in sorted(meshes)), *companions)
    target = cache_root() / "low" / f"{path.stem}-{key}"
    make_folder(target, lambda folder: _write(root, meshes, set(heavy), folder / path.name))
    return target / path.name


def is_heavy(mesh: Path) -> bool:
    """Return whether a mesh has so many faces that it is worth simplifying."""
    return mesh.suffix.lower() in (".obj", ".stl") and count_faces(mesh) > _LIGHT


def lighten(source: Path, folder: Path) -> Path:
    """Write the light copy of a heavy mesh, with its materials and textures, into ``folder``."""
    for file in _companions(source):
        if not (folder / file.name).exists():
            shutil.copyfile(file, folder / file.name)
    target = folder / f"{source.stem}.obj"
    simplify(source, target, max(_LEAST, round(_SHARE * count_faces(source))))
    return target


def _write(root: ET.Element, meshes: dict[str, Path], heavy: set[str], target: Path) -> None:
    """Write the URDF and every mesh it names: light ones for the heavy, copies of the others."""
    for role in ("visual", "collision"):
        folder = target.parent / role
        folder.mkdir()
        elements = root.findall(f".//{role}/geometry/mesh")
        copies = {
            name: (lighten if role == "visual" and name in heavy else _copy)(meshes[name], folder)
            for name in {element.attrib["filename"] for element in elements}
        }
        for element in elements:
            element.set("filename", f"{role}/{copies[element.attrib['filename']].name}")
    ET.ElementTree(root).write(target)


def _copy(source: Path, folder: Path) -> Path:
    for file in (source, *_companions(source)):
        shutil.copyfile(file, folder / file.name)
    return folder / source.name


def _companions(mesh: Path) -> list[Path]:
    """Return the material file of an OBJ mesh and the textures it names, where they exist."""
    material = mesh.with_suffix(".mtl")
    if mesh.suffix.lower() != ".obj" or not material.exists():
        return []
    lines = material.read_text(encoding="utf-8").splitlines()
    names = dict.fromkeys(line.split()[-1] for line in lines if "map_Kd" in line)
    return [material, *(mesh.parent / name for name in names if (mesh.parent / name).exists())]
