"""What the official evaluation varies about a task, by the names that keywords use."""

from __future__ import annotations

SETTINGS = ("visual-matching", "variant-aggregation")
"""A photograph of the real scene behind what is simulated, or none and much varied."""
ORIENTATIONS = ("standing", "vertical", "horizontal")
"""Of the coke can, in the order that the official environment draws from."""
DRAWERS = ("top", "middle", "bottom")
OBJECT_FORMS = ("unbaked", "v0", "v1")
"""Models of move near: without baked light, and two that have it."""
BACKGROUNDS = (
    "alt_background",
    "alt_background_2",
    "modern_bedroom_no_roof",
    "modern_office_no_roof",
    "frl_apartment_stage_simple",
)
ROOM_FILES = {
    "alt_background": "google_pick_coke_can_1_v4_alt_background",
    "alt_background_2": "google_pick_coke_can_1_v4_alt_background_2",
}
"""Official names of backgrounds whose keyword is shorter."""
TABLES = ("Baked_sc1_staging_objaverse_cabinet1_h870", "Baked_sc1_staging_objaverse_cabinet2_h870")
STATIONS = ("mk_station", "mk_station2", "mk_station3", "mk_station4", "mk_station_recolor")
USUAL_STATION = {"visual-matching": "mk_station_recolor", "variant-aggregation": "mk_station"}
DISTRACTORS = {
    "less": ("opened_pepsi_can", "apple", "sponge", "orange"),
    "more": (
        "opened_7up_can",
        "opened_sprite_can",
        "sponge",
        "orange",
        "opened_fanta_can",
        "bridge_spoon_generated_modified",
    ),
}
"""Models that lie about beside the coke can."""
