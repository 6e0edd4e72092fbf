"""Every object of the twin, by the name that task files use."""

from vla_gym_bdr.objects.food import FOOD
from vla_gym_bdr.objects.goods import GOODS
from vla_gym_bdr.objects.kitchenware import KITCHENWARE
from vla_gym_bdr.objects.model import Grip, ObjectModel, Rest, by_name

OBJECTS = by_name((*FOOD, *KITCHENWARE, *GOODS))

__all__ = ["OBJECTS", "Grip", "ObjectModel", "Rest"]
