"""Names of the 20 tasks, so that registering them reads no file."""

TASKS = (
    "PickUpKnife",
    "PickUpCucumber",
    "PickUpEggplant",
    "PickUpGreenBottle",
    "PickUpRedMug",
    "PickUpGreenCup",
    "PickUpMandarin",
    "PickUpPotato",
    "PickUpSeasoning",
    "PickUpRedApple",
    "PourSeasoning",
    "PressToasterSwitch",
    "OpenOven",
    "CloseOven",
    "OpenDrawer",
    "PutCucumberInBasket",
    "PutPotatoOnCuttingBoard",
    "PutMandarinOnRedPlate",
    "PutEggplantOnGreenPlate",
    "PutKnifeInDrawer",
)
SETTINGS = {
    "simple": "20 tasks, layouts drawn anew",
    "unseen-distractor": "20 tasks with unseen objects beside",
    "unseen-background": "20 tasks on unseen table cloths",
    "unseen-object": "15 picking tasks with unseen objects",
    "novel-skill": "20 tasks told with other verbs",
}
