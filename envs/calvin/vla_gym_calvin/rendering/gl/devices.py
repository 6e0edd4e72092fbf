"""Which graphics devices EGL offers, and which of them CUDA means by an index.

EGL and CUDA count cards in different orders. Where a driver tells a device's CUDA index it is
used, so that ``device=1`` renders on the card that ``cuda:1`` computes on.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass

from vla_gym.errors import RendererError
from vla_gym_calvin.rendering.base import GL_FIX

DEVICE_VARIABLE = "VLA_GYM_RENDER_DEVICE"
_CUDA_DEVICE, _EXTENSIONS, _MAX_DEVICES = 0x323A, 0x3055, 64


@dataclass(frozen=True)
class Device:
    """A device as EGL lists it.

    Attributes:
        index: Position in EGL's list.
        cuda: Index that CUDA gives it (before ``CUDA_VISIBLE_DEVICES``), where known.
        software: Whether it is the CPU.
    """

    index: int
    cuda: int | None = None
    software: bool = False


def list_devices() -> list[Device]:
    """Return EGL's devices.

    Raises:
        RendererError: When there is no EGL, or one that cannot list devices.
    """
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError as error:
        raise RendererError(f"renderer='gl': {error}. {GL_FIX}") from error
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    address = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    if not address:
        raise RendererError(f"renderer='gl': this EGL cannot list devices. {GL_FIX}")
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(address)
    handles, count = (ctypes.c_void_p * _MAX_DEVICES)(), ctypes.c_int(0)
    if not query(_MAX_DEVICES, ctypes.byref(handles), ctypes.byref(count)):
        return []
    return [_describe(egl, i, handles[i]) for i in range(count.value)]


def _describe(egl: ctypes.CDLL, index: int, handle: int | None) -> Device:
    text = egl.eglGetProcAddress(b"eglQueryDeviceStringEXT")
    number = egl.eglGetProcAddress(b"eglQueryDeviceAttribEXT")
    if not text or not number:
        return Device(index)
    string = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)(text)
    extensions = (string(handle, _EXTENSIONS) or b"").decode().split()
    cuda = None
    if "EGL_NV_device_cuda" in extensions:
        value = ctypes.c_ssize_t(-1)
        attribute = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        if attribute(number)(handle, _CUDA_DEVICE, ctypes.byref(value)) and value.value >= 0:
            cuda = value.value
    return Device(index, cuda, "EGL_MESA_device_software" in extensions)


def pick_device(wanted: int | None) -> Device:
    """Return the device meant by an index; by the environment variable, or the best, for ``None``.

    Raises:
        RendererError: When there is none, or none with that index.
    """
    devices = list_devices()
    if not devices:
        raise RendererError(f"renderer='gl': EGL finds no device. {GL_FIX}")
    wanted = _device_of_environment() if wanted is None else wanted
    if wanted is None:
        visible = _visible_cuda()
        if visible:
            wanted = 0
        else:
            return min(devices, key=lambda device: (device.software, device.index))
    by_cuda = {device.cuda: device for device in devices if device.cuda is not None}
    if by_cuda:
        visible = _visible_cuda()
        physical = visible[wanted] if visible and 0 <= wanted < len(visible) else wanted
        found = by_cuda.get(physical)
    else:
        found = next((device for device in devices if device.index == wanted), None)
    if found is None:
        known = sorted(by_cuda) if by_cuda else [device.index for device in devices]
        raise RendererError(f"renderer='gl': no graphics device {wanted}; there are {known}.")
    return found


def _device_of_environment() -> int | None:
    """Return the index in ``VLA_GYM_RENDER_DEVICE``, if it is set."""
    text = os.environ.get(DEVICE_VARIABLE, "").strip()
    if text and not text.isdigit():
        raise RendererError(f"{DEVICE_VARIABLE}={text!r}: expected the index of a device, as 0.")
    return int(text) if text else None


def _visible_cuda() -> list[int]:
    """Return the cards of ``CUDA_VISIBLE_DEVICES`` where they are plain numbers."""
    words = [w.strip() for w in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if w.strip()]
    return [int(word) for word in words] if words and all(w.isdigit() for w in words) else []
