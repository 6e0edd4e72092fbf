"""Simplified visuals: few faces, the same shape, shading and colours."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import trimesh
from vla_gym_calvin.rendering import make_renderer
from vla_gym_calvin.scene_assets import scene_assets
from vla_gym_calvin.scene_assets.low import low_urdf
from vla_gym_calvin.scene_assets.simplify import count_faces, read_obj, simplify
from vla_gym_calvin.visual_state import reference_state

RED, GREY = (0.25, 0.5), (0.75, 0.5)


@pytest.fixture
def ball(tmp_path: Path) -> Path:
    """A unit ball of 20,480 faces, its upper half one colour, the lower another."""
    sphere = trimesh.creation.icosphere(subdivisions=5)
    lines = ["mtllib ball.mtl", *(f"v {x} {y} {z}" for x, y, z in sphere.vertices)]
    lines += [f"vn {x} {y} {z}" for x, y, z in sphere.vertices]
    lines += [f"vt {u} {v}" for u, v in (RED, GREY)]
    upper = sphere.triangles_center[:, 2] > 0
    for name, chosen, colour in (("plain", upper, 1), ("painted", ~upper, 2)):
        lines.append(f"usemtl {name}")
        for face in sphere.faces[chosen] + 1:
            lines.append("f " + " ".join(f"{i}/{colour}/{i}" for i in face))
    (tmp_path / "ball.mtl").write_text(
        "newmtl plain\nKd 1 1 1\nnewmtl painted\nKd 1 1 1\nmap_Kd palette.png\n"
    )
    path = tmp_path / "ball.obj"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_light_ball_keeps_shape_shading_and_colours(ball: Path, tmp_path: Path) -> None:
    target = tmp_path / "light.obj"
    faces = simplify(ball, target, 600)
    light = read_obj(target)
    assert count_faces(target) == faces == pytest.approx(600, rel=0.1)
    radii = np.linalg.norm(light.corners, axis=-1)
    assert radii.min() > 0.95
    assert radii.max() < 1.02
    towards = light.corners / radii[..., None]
    assert (light.normals * towards).sum(axis=-1).min() > 0.95
    upper = light.corners.mean(axis=1)[:, 2] > 0
    expected = np.where(upper[:, None], RED, GREY)
    assert (np.abs(light.coordinates[:, 0] - expected).max(axis=1) < 1e-4).mean() > 0.99


def test_a_light_mesh_names_the_first_textured_material(ball: Path, tmp_path: Path) -> None:
    simplify(ball, tmp_path / "light.obj", 600)
    lines = (tmp_path / "light.obj").read_text().splitlines()
    assert lines[0] == "mtllib ball.mtl"
    assert [line for line in lines if line.startswith("usemtl")] == ["usemtl painted"]


def test_polygons_are_refused_with_the_name_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "quad.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvn 0 0 1\nf 1//1 2//1 3//1 4//1\n")
    with pytest.raises(ValueError, match=r"quad\.obj"):
        read_obj(path)


def test_the_official_robot_becomes_light_but_keeps_its_fingers(official_assets: Path) -> None:
    exact = scene_assets("D", "official").robot_urdf
    low = low_urdf(exact)
    assert low == low_urdf(exact)
    names = [e.attrib["filename"] for e in ET.parse(low).iterfind(".//visual/geometry/mesh")]
    assert sum(count_faces(low.parent / name) for name in names) < 9000
    finger = next(name for name in names if "finger" in name)
    original = exact.parent / "meshes" / "visual" / Path(finger).name
    assert (low.parent / finger).read_bytes() == original.read_bytes()


def test_low_and_exact_pictures_are_nearly_the_same(official_assets: Path) -> None:
    assets = scene_assets("D", "official")
    frames = {}
    for visuals in ("exact", "low"):
        renderer = make_renderer("tiny", assets=assets, visuals=visuals)
        frames[visuals] = renderer.render(reference_state("D"), ("static", "wrist"))
        renderer.close()
    for camera, limit in (("static", 2.5), ("wrist", 3.5)):
        exact, low = (frames[v][camera].rgb.astype(float) for v in ("exact", "low"))
        assert np.abs(exact - low).mean() <= limit
