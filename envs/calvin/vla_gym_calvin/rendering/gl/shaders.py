"""The GL programs, and the constants of the picture they reproduce.

Facts about pybullet's renderer (bullet3 at 6c888f4, read and measured, see design/rendering.md):
one light at a fixed position; half of the light is ambient, shadows take 30 % of the rest; material
files are ignored; specular highlights are computed for a fixed eye, which is not the camera.

Shading is linear in the visibility ``v`` of the light: ``rgb = unlit + lit * v``. What never moves
in front of a camera that never moves is therefore kept as ``unlit``, ``lit`` and a place in the
shadow map, and only ``v`` is looked up per picture.

On a CPU the robot's hundred thousand vertices are most of the work, so what can be done per pixel
is not done per vertex.
"""

from __future__ import annotations

from typing import Final

LIGHT_POSITION: Final = (-5.0, -40.0, 200.0)  # m
SPECULAR_EYE: Final = (-1.4547, -0.2565, 0.2605)  # m; the default camera of pybullet's window
BACKGROUND: Final = (0.7, 0.7, 0.8, 1.0)
SHADOW_MAP_SIZE: Final = 4096
SHADOW_EXTENT: Final = 10.0  # m, half the width of the map
SHADOW_NEAR: Final = 1.0
SHADOW_FAR: Final = 300.0
DEPTH_STEPS: Final = 65535  # of pybullet's 16-bit depth buffer
RANK_LIMIT: Final = 64  # instances in the layered pass; ranks take 8 bits below the depth

_HEADER = "#version 330 core\n"

_VERTEX = """
uniform mat4 model;
uniform mat4 view_projection;
in vec3 position;
in vec3 normal;
in vec2 uv;
out vec3 world;
out vec3 own_normal;
out vec2 texture_uv;
void main() {
    vec4 place = model * vec4(position, 1.0);
    world = place.xyz;
    own_normal = normal;
    texture_uv = uv;
    gl_Position = view_projection * place;
}
"""

_SHADING = """
uniform sampler2D image;
uniform bool faceted;  // faces are flat, and vertices have no normals
uniform vec4 color;
uniform vec3 light_position;
uniform vec3 specular_eye;
uniform mat4 model;
uniform mat4 shadow_matrix;
in vec3 world;
in vec3 own_normal;
in vec2 texture_uv;

vec3 shadow_coordinate() { return (shadow_matrix * vec4(world, 1.0)).xyz; }

void shade(out vec3 unlit, out vec3 lit) {
    vec3 world_normal =
        faceted ? cross(dFdx(world), dFdy(world)) : mat3(model) * own_normal;
    vec3 base = color.rgb * texture(image, texture_uv).rgb;
    float facing = clamp(dot(normalize(world_normal), normalize(light_position)), -1.0, 1.0);
    float intensity = 0.5 + 0.5 * facing;
    vec3 to_light = normalize(light_position - world);
    vec3 to_eye = normalize(specular_eye - world);
    float shine = max(0.0, dot(to_eye, reflect(-to_light, normalize(world_normal))));
    float specular = facing < 0.0 ? 0.0 : 0.5 * pow(shine, 41.0);
    unlit = base * (0.5 + 0.35 * intensity);
    lit = facing < 0.0 ? vec3(0.0) : base * (0.15 * intensity + specular);
}
"""

_VISIBILITY = """
uniform sampler2DShadow shadow_map;
uniform vec4 shadow_window;  // scale and offset of the drawn part of the map

float visibility(vec3 coordinate) {
    vec2 place = coordinate.xy * shadow_window.xy + shadow_window.zw;
    bool outside = any(lessThan(place, vec2(0.0))) || any(greaterThan(place, vec2(1.0)));
    return outside ? 1.0 : texture(shadow_map, vec3(place, coordinate.z));
}
"""

_RANKED_DEPTH = """
// The depth pybullet's 16-bit buffer would hold, then the drawing order: nearer wins, and of equal
// depths the instance that pybullet draws first.
float ranked(float depth, int rank) {
    return (floor(depth * 65535.0 + 0.5) * 256.0 + float(rank) * 4.0 + 1.0) / 16777215.0;
}
"""

SHADOW: Final = (
    _HEADER
    + """
uniform mat4 model;
uniform mat4 view_projection;
in vec3 position;
void main() { gl_Position = view_projection * (model * vec4(position, 1.0)); }
""",
    _HEADER + "void main() {}\n",
)

SEGMENT: Final = (
    SHADOW[0],
    _HEADER
    + """
uniform int segment;
out int pixel;
void main() { pixel = segment; }
""",
)

DIRECT: Final = (
    _HEADER + _VERTEX,
    _HEADER
    + _SHADING
    + _VISIBILITY
    + """
out vec4 pixel;
void main() {
    vec3 unlit, lit;
    shade(unlit, lit);
    pixel = vec4(unlit + lit * visibility(shadow_coordinate()), color.a);
}
""",
)

MOVING: Final = (
    _HEADER + _VERTEX,
    _HEADER
    + _SHADING
    + _VISIBILITY
    + _RANKED_DEPTH
    + """
uniform int rank;
out vec4 pixel;
void main() {
    vec3 unlit, lit;
    shade(unlit, lit);
    pixel = vec4(unlit + lit * visibility(shadow_coordinate()), color.a);
    gl_FragDepth = ranked(gl_FragCoord.z, rank);
}
""",
)

KEEP: Final = (
    _HEADER + _VERTEX,
    _HEADER
    + _SHADING
    + """
uniform int instance;
layout(location = 0) out vec4 kept_unlit;   // and the instance
layout(location = 1) out vec4 kept_lit;
layout(location = 2) out vec4 kept_shadow;
void main() {
    vec3 unlit, lit;
    shade(unlit, lit);
    kept_unlit = vec4(unlit, float(instance));
    kept_lit = vec4(lit, 1.0);
    kept_shadow = vec4(shadow_coordinate(), 1.0);
}
""",
)

REPLAY: Final = (
    _HEADER
    + """
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }
""",
    _HEADER
    + _VISIBILITY
    + _RANKED_DEPTH
    + f"""
uniform sampler2D kept_unlit;
uniform sampler2D kept_lit;
uniform sampler2D kept_shadow;
uniform sampler2D kept_depth;
uniform int ranks[{RANK_LIMIT}];
out vec4 pixel;
void main() {{
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 unlit = texelFetch(kept_unlit, at, 0);
    vec4 lit = texelFetch(kept_lit, at, 0);
    vec3 shadow = texelFetch(kept_shadow, at, 0).xyz;
    float v = visibility(shadow);
    pixel = vec4(unlit.rgb + lit.rgb * v, 1.0);
    float depth = texelFetch(kept_depth, at, 0).r;
    gl_FragDepth = depth == 1.0 ? 1.0 : ranked(depth, ranks[int(unlit.a + 0.5)]);
}}
""",
)
