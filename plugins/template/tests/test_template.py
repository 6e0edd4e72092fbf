"""What every policy plugin should test of itself."""

import numpy as np
from vla_gym_template.policy import ACTION, WaveOptions, WavePolicy

from vla_gym.contract.policy import Batch, Slot


def batch(*slots: Slot) -> Batch:
    return Batch(
        slots=slots,
        images={},
        proprioception=np.zeros((len(slots), 0), np.float32),
        instructions=["wave"] * len(slots),
    )


def test_each_slot_waves_on_its_own() -> None:
    policy = WavePolicy(WaveOptions())
    first, second = Slot(0), Slot(1)
    policy.reset([first, second])
    for _ in range(5):
        ahead = policy.act(batch(first))
    both = policy.act(batch(second, first))
    assert both.shape == (2, 1, ACTION.size)
    assert both[0, 0, 2] == 0 < ahead[0, 0, 2] < both[1, 0, 2]


def test_reset_forgets() -> None:
    policy, slot = WavePolicy(WaveOptions()), Slot(0)
    policy.reset([slot])
    begun = policy.act(batch(slot))
    policy.act(batch(slot))
    policy.reset([slot])
    np.testing.assert_array_equal(policy.act(batch(slot)), begun)


def test_it_keeps_the_contract() -> None:
    from vla_gym.conformance import check_policy

    check_policy(WavePolicy(WaveOptions()))
