"""The table with its door, drawer, button, switch, LED, lamp and shelf board.

Link and joint names, order, origins, axes and limits are those of the CALVIN tables, so nothing
downstream can tell which table it drives. Contact surfaces are boxes, a few convex prisms and a
sphere placed where the official ones are felt: convex hulls there carry PyBullet's collision
margin of a millimetre, so blocks rest 1 mm high on the shelf board (z .461) and 2.4 mm above the
drawn floor of the drawer (.3624), which the evaluation's initial states rely on.
"""

from __future__ import annotations

import math
from pathlib import Path

from vla_gym_calvin.scene_assets.builtin import layout as at
from vla_gym_calvin.scene_assets.builtin import textures, urdf
from vla_gym_calvin.scene_assets.builtin.layout import Layout
from vla_gym_calvin.scene_assets.builtin.mesh import Mesh, rotation_x
from vla_gym_calvin.scene_assets.builtin.textures import GROOVE, METAL, WOOD

Corner = tuple[float, float, float]
Box = tuple[Corner, Corner]

_SLOPE = math.radians(60)  # of the front of the back part, from the horizontal
_HULL_MARGIN = 0.001  # PyBullet grows convex meshes by this; ours are drawn that much smaller
# EGL draws far bodies first, judged by their centre of mass, and the first keeps a tie in depth.
# A static body's centre of mass means nothing else, so this one lets everything on the table win.
# (The drawer comes after it: closed, its upper edge lies just behind the table's.)
_DRAWN_LAST = (0.6, -0.7, 1.2)
_DRAWER_COM = (0.8, 1.4, 0.9)
_BLACK = (0.04, 0.04, 0.045, 1.0)
_MASSES = {  # kg, as in the official URDFs (rounded)
    "button": 0.154,
    "switch": 0.239,
    "slide": 1.543,
    "drawer": 4.231,
    "led": 0.204,
    "light": 0.174,
    "plank": 2.844,
}


def build(scene: Layout, folder: Path, name: str) -> Path:
    """Write the URDF and meshes of one table; textures ``<wood>.png`` must be beside them."""
    body, door_wood = (f"{wood}.png" for wood in scene.wood)
    meshes = {
        "base": (_base(scene), body),
        "plank": (_plank(scene), body),
        "slide": (_door(), door_wood),
        "drawer": (_drawer(), door_wood),
        "switch": (_switch(), body),
        "button": (_button(), None),
        "led": (_led(), None),
        "light": (_light(), None),
    }
    for part, (mesh, texture) in meshes.items():
        mesh.write(folder / f"{name}_{part}.obj", texture=texture, scaling=at.SCALING)
    prisms = _write_prisms(scene, folder, name)
    links = [_base_link(scene, name, prisms), *_part_links(scene, name)]
    path = folder / f"{name}.urdf"
    urdf.write(path, name, links, _joints(scene), scaling=at.SCALING)
    return path


# ------------------------------------------------------------------ joints and links


def _joints(scene: Layout) -> list[urdf.Joint]:
    down, out = (0.0, -1.0, 0.0), (0.0, 0.0, 1.0)
    middle = sum(scene.shelf) / 2
    return [
        _joint("button", scene.button, at.BUTTON_FRAME, down, 0.02),
        _joint("switch", scene.switch, at.SWITCH_FRAME, (0.0, 0.0, -1.0), 0.088),
        _joint("slide", scene.slide, at.SLIDE_FRAME, (-1.0, 0.0, 0.0), scene.slide_limit),
        _joint("drawer", scene.drawer, at.DRAWER_FRAME, out, 0.22),
        _joint("led", scene.led, at.LED_FRAME),
        _joint("light", scene.light, at.LIGHT_FRAME),
        _joint("plank", middle, at.PLANK_FRAME),
    ]


def _joint(
    part: str,
    x: float,
    frame: tuple[float, float, float],
    axis: Corner | None = None,
    upper: float = 0.0,
) -> urdf.Joint:
    y, z, roll = frame
    return urdf.Joint(
        f"base__{part}",
        "fixed" if axis is None else "prismatic",
        "base_link",
        f"{part}_link",
        (x, y, z),
        (roll, 0.0, 0.0),
        axis,
        None if axis is None else (0.0, upper),
    )


def _base_link(scene: Layout, name: str, prisms: tuple[urdf.Shape, ...]) -> urdf.Link:
    ring = urdf.Shape("cylinder", (at.RING_RADIUS, 0.04), (scene.button, at.BUTTON_FRAME[0], 0.44))
    boxes = tuple(urdf.box(low, high) for low, high, _ in _body_boxes(scene))
    return urdf.Link(
        "base_link",
        com=_DRAWN_LAST,
        visual=(urdf.mesh(f"{name}_base.obj"),),
        collision=(*boxes, ring, *prisms),
    )


def _part_links(scene: Layout, name: str) -> list[urdf.Link]:
    length = scene.shelf[1] - scene.shelf[0]
    shelf = ((-length / 2, 0.0, -0.07), (length / 2, 0.02 + _HULL_MARGIN, 0.07))
    button = urdf.Shape(
        "cylinder", (at.BUTTON_RADIUS + 0.001, 0.025), (0, 0.0125, 0), (math.pi / 2, 0, 0)
    )
    led = ((-0.081, 0.0, -0.021), (0.081, 0.017, 0.021))
    bulb = urdf.Shape("sphere", (0.0285,), (0.0, 0.0221, -0.028))
    shapes: dict[str, tuple[Corner, tuple[urdf.Shape, ...]]] = {
        "button": ((0.0, 0.012, 0.0), (button,)),
        "switch": ((0.0, 0.04, -0.008), _boxes(_SWITCH_BOXES)),
        "slide": ((0.14, 0.0, 0.016), _boxes(_DOOR_BOXES)),
        "drawer": (_DRAWER_COM, _boxes(_DRAWER_BOXES)),
        "led": ((0.0, 0.008, 0.0), _boxes([led])),
        "light": ((0.0, 0.022, -0.028), (bulb,)),
        "plank": ((0.0, 0.01, 0.0), _boxes([shelf])),
    }
    return [
        urdf.Link(
            f"{part}_link",
            _MASSES[part],
            com,
            (urdf.mesh(f"{name}_{part}.obj"),),
            collision,
            _BLACK if part == "button" else urdf.WHITE,
        )
        for part, (com, collision) in shapes.items()
    ]


def _boxes(corners: list[Box]) -> tuple[urdf.Shape, ...]:
    return tuple(urdf.box(low, high) for low, high in corners)


# ------------------------------------------------------------------ contact surfaces

# In link frames: the door and the switch stand on the slope (z outwards, y up the slope); the
# drawer has y up and z towards the front.
_DOOR_BOXES: list[Box] = [
    ((0.0, -0.1205, 0.0), (0.28, 0.1205, 0.021)),
    ((0.119, -0.081, 0.020), (0.161, -0.0575, 0.0785)),
    ((0.119, 0.0575, 0.020), (0.161, 0.081, 0.0785)),
    ((0.119, -0.0575, 0.0565), (0.161, 0.0575, 0.0785)),
]
_DRAWER_BOXES: list[Box] = [
    ((-0.2, 0.0, -0.06), (0.2, 0.0224, 0.16)),
    ((-0.2, 0.0224, -0.06), (-0.18, 0.081, 0.16)),
    ((0.18, 0.0224, -0.06), (0.2, 0.081, 0.16)),
    ((-0.2, 0.0224, -0.06), (0.2, 0.081, -0.04)),
    ((-0.221, -0.021, 0.159), (0.221, 0.081, 0.181)),
    ((-0.121, 0.019, 0.18), (-0.099, 0.0615, 0.259)),
    ((0.099, 0.019, 0.18), (0.121, 0.0615, 0.259)),
    ((-0.099, 0.019, 0.2375), (0.099, 0.0615, 0.259)),
]
_SWITCH_BOXES: list[Box] = [
    ((-0.061, 0.0, -0.0225), (-0.039, 0.0645, 0.0065)),
    ((0.039, 0.0, -0.0225), (0.061, 0.0645, 0.0065)),
    ((-0.039, 0.0415, -0.0225), (0.039, 0.0645, 0.0065)),
]


def _body_boxes(scene: Layout) -> list[tuple[Corner, Corner, str]]:
    """Return the boxes of the table, each with the sides that are not drawn (see ``Mesh.box``)."""
    w, top, (left, right) = at.HALF_WIDTH, at.TOP_BOTTOM, scene.shelf
    d0, d1 = scene.drawer - at.DRAWER_HALF_WIDTH, scene.drawer + at.DRAWER_HALF_WIDTH
    legs = [
        ((x, y, 0.0), (x + 0.04, y + 0.032, top), "+z")
        for x in (-w, w - 0.04)
        for y in (at.FRONT, at.BACK - 0.032)
    ]
    return [
        ((-w, at.FRONT, top), (w, at.SLOPE_FOOT, at.TABLE_TOP), "+y"),
        *legs,
        ((-w, at.SLOPE_FOOT, top), (w, at.BACK, 0.42), "-y+z"),
        ((left, at.WALL, 0.42), (right, at.BACK, at.CEILING), "-x+x-z+z"),
        ((-0.42, -0.16, 0.30), (d0, 0.16, top), "+z"),
        ((d1, -0.16, 0.30), (0.42, 0.16, top), "+z"),
        ((d0, 0.06, 0.30), (d1, 0.16, top), "-x+x+z"),
        ((d0, -0.16, 0.30), (d1, 0.06, 0.32), "-x+x+y+z"),
    ]


def _prisms(scene: Layout, margin: float = 0.0) -> list[Mesh]:
    """Return what is left and right of the shelf and above it, each shrunk by ``margin``."""
    foot, head, back = at.SLOPE_FOOT, at.SLOPE_HEAD, at.BACK
    inset = margin / math.sin(_SLOPE)  # keeps the slope itself ``margin`` behind its plane
    lip, crest, ceiling = _slope_y(at.CEILING), at.CREST - margin, at.CEILING + margin
    side = [
        (foot + margin, 0.42 + margin),
        (back - margin, 0.42 + margin),
        (back - margin, crest),
        (head + inset, crest),
        (foot + inset, at.TABLE_TOP),
    ]
    above = [(lip + inset, ceiling), (back - margin, ceiling)]
    above += [(back - margin, crest), (head + inset, crest)]
    left, right = scene.shelf
    pieces = [
        (side, -at.HALF_WIDTH, left, (1, 2, 6)),
        (side, right, at.HALF_WIDTH, (0, 2, 6)),
        (above, left, right, (0, 1)),
    ]
    meshes = []
    for outline, start, stop, hidden in pieces:
        mesh = Mesh()
        skip = () if margin else hidden
        mesh.extrude(outline, start + margin, stop - margin, WOOD, skip=skip)
        meshes.append(mesh)
    return meshes


def _slope_y(z: float) -> float:
    """Return y of the slope at height ``z``."""
    return at.SLOPE_FOOT + (z - at.TABLE_TOP) / math.tan(_SLOPE)


def _write_prisms(scene: Layout, folder: Path, name: str) -> tuple[urdf.Shape, ...]:
    shapes = []
    for side, mesh in zip(("left", "right", "above"), _prisms(scene, _HULL_MARGIN), strict=True):
        file = f"{name}_base_{side}.obj"
        mesh.write(folder / file, scaling=at.SCALING)
        shapes.append(urdf.mesh(file))
    return tuple(shapes)


# ------------------------------------------------------------------ what is drawn


def _base(scene: Layout) -> Mesh:
    """Return the table: grooves first, because the first drawn face wins a tie in depth."""
    mesh = Mesh()
    for offset in (-0.05, 0.05):
        _groove(mesh, scene.switch + offset)
    _ring(mesh, scene.button)
    for low, high, hidden in _body_boxes(scene):
        upright = high[2] - low[2] > 0.35
        mesh.box(low, high, WOOD, grain=(0, 0, 1) if upright else (1, 0, 0), skip=hidden)
    for prism in _prisms(scene):
        mesh.add(prism)
    _cavity_sides(mesh, scene.shelf)
    return mesh


def _ring(mesh: Mesh, x: float) -> None:
    """Add the wooden ring around the button."""
    r, h = at.RING_RADIUS, 0.02
    profile = [(r, 0.0), (r, h - 0.003), (r - 0.002, h), (r - 0.008, h), (r - 0.01, h - 0.004)]
    profile.append((r - 0.01, 0.0))
    mesh.lathe(profile, (x, at.BUTTON_FRAME[0], at.TABLE_TOP), WOOD)


def _cavity_sides(mesh: Mesh, shelf: tuple[float, float]) -> None:
    """Add the two side walls that one sees inside the shelf."""
    foot, wall, lip = at.SLOPE_FOOT, at.WALL, _slope_y(at.CEILING)
    outline = [(foot, at.TABLE_TOP), (wall, at.TABLE_TOP), (wall, at.CEILING), (lip, at.CEILING)]
    left, right = shelf
    mesh.polygon([(left, y, z) for y, z in outline], WOOD, grain=(0, 0, 1))
    mesh.polygon([(right, y, z) for y, z in outline[::-1]], WOOD, grain=(0, 0, 1))


def _groove(mesh: Mesh, x: float) -> None:
    """Add one of the two slots in which the switch runs, a dark inlay just above the slope."""
    half, low, high, lift = 0.009, 0.062, 0.192, 0.0012
    outline = [(-half, low + half), (-half / 2, low), (half / 2, low), (half, low + half)]
    outline += [(half, high - half), (half / 2, high), (-half / 2, high), (-half, high - half)]
    y0, z0 = at.SLOPE_FOOT, at.TABLE_TOP
    c, s = math.cos(_SLOPE), math.sin(_SLOPE)
    corners = [(x + u, y0 + v * c - lift * s, z0 + v * s + lift * c) for u, v in outline]
    mesh.polygon(corners, GROOVE, grain=(0, c, s))


def _plank(scene: Layout) -> Mesh:
    half = (scene.shelf[1] - scene.shelf[0]) / 2
    mesh = Mesh()
    mesh.box((-half, 0.0, -0.07), (half, 0.02, 0.07), WOOD, skip="-x+x-z+z")
    return mesh


def _door() -> Mesh:
    """Return the door: handle, frame and panel, nearest first (see ``_base``)."""
    mesh = Mesh()
    w, h, t, frame, depth = at.DOOR_WIDTH, at.DOOR_HALF_HEIGHT, at.DOOR_THICKNESS, 0.032, 0.004
    x, y, z, cut = 0.14, 0.0695, 0.0675, 0.012
    path = [(x, -y, 0.01), (x, -y, z - cut), (x, cut - y, z), (x, y - cut, z), (x, y, z - cut)]
    mesh.handle([*path, (x, y, 0.01)], (0.0105, 0.019), METAL)
    up = (0, 1, 0)
    mesh.box((0, -h, t - depth), (frame, h, t), WOOD, grain=up, skip="-z")
    mesh.box((w - frame, -h, t - depth), (w, h, t), WOOD, grain=up, skip="-z")
    for low in (-h, h - frame):
        board = ((frame, low, t - depth), (w - frame, low + frame, t))
        mesh.box(*board, WOOD, skip="-z-x+x")
    mesh.box((0, -h, 0), (w, h, t - depth), WOOD, grain=up)
    return mesh


def _drawer() -> Mesh:
    mesh = Mesh()
    x, y, z, cut = 0.11, 0.04, 0.2468, 0.012
    path = [(-x, y, 0.17), (-x, y, z - cut), (cut - x, y, z), (x - cut, y, z), (x, y, z - cut)]
    mesh.handle([*path, (x, y, 0.17)], (0.0095, 0.019), METAL)
    mesh.box((-0.18, 0, -0.04), (0.18, 0.02, 0.16), WOOD, skip="-x+x-z+z")
    deep = (0, 0, 1)
    mesh.box((-0.22, -0.02, 0.16), (0.22, 0.08, 0.18), WOOD)
    mesh.box((-0.2, 0, -0.06), (-0.18, 0.08, 0.16), WOOD, grain=deep, skip="+z")
    mesh.box((0.18, 0, -0.06), (0.2, 0.08, 0.16), WOOD, grain=deep, skip="+z")
    mesh.box((-0.18, 0, -0.06), (0.18, 0.08, -0.04), WOOD, skip="-x+x")
    return mesh


def _switch() -> Mesh:
    mesh = Mesh()
    x, y, z, cut = 0.05, 0.053, -0.008, 0.010
    path = [(-x, -0.004, z), (-x, y - cut, z), (cut - x, y, z), (x - cut, y, z), (x, y - cut, z)]
    mesh.handle([*path, (x, -0.004, z)], (0.0105, 0.0135), METAL)
    return mesh


def _button() -> Mesh:
    r, h = at.BUTTON_RADIUS, at.BUTTON_HEIGHT
    mesh = Mesh()
    profile = [(0.0, -0.005), (r, -0.005), (r, h - 0.004), (r - 0.004, h), (0.0, h - 0.0015)]
    mesh.lathe(profile, (0, 0, 0), sides=28)
    return mesh.transformed(rotation_x(-math.pi / 2), (0, 0, 0))


def _led() -> Mesh:
    mesh = Mesh()
    outline = [(-0.02, 0.0), (0.02, 0.0), (0.02, 0.012), (0.016, 0.016), (-0.016, 0.016)]
    mesh.extrude([*outline, (-0.02, 0.012)], -0.08, 0.08)
    return mesh.transformed(rotation_x(-math.pi / 2), (0, 0, 0))


def _light() -> Mesh:
    """Return the bulb: a ball of 27.5 mm set a little into the table's crest."""
    radius, centre = 0.0275, 0.0221
    start = -math.asin(centre / radius)
    steps = [start + (math.pi / 2 - start) * i / 9 for i in range(10)]
    profile = [(radius * math.cos(a), centre + radius * math.sin(a)) for a in steps]
    mesh = Mesh()
    mesh.lathe(profile, (0.0, 0.028, 0.0), sides=20, smooth=True)
    return mesh.transformed(rotation_x(-math.pi / 2), (0, 0, 0))


def texture_names(scene: Layout) -> set[str]:
    """Return the woods whose textures the table needs."""
    return set(scene.wood) & set(textures.WOODS)
