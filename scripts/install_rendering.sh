#!/usr/bin/env bash
# Install Mesa's software EGL driver where there is none, so that pictures come from OpenGL (as those
# that CALVIN's data was recorded with) even without a GPU. Never fails: without it, everything runs
# with pybullet's TinyRenderer.
set -u

PACKAGES=(libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri libopengl0)
COMMAND="apt-get install -y --no-install-recommends ${PACKAGES[*]}"

say() { echo "[rendering] $*"; }

has_driver() {
    PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -q 'libEGL\.so\.1' || return 1
    compgen -G '/usr/share/glvnd/egl_vendor.d/*.json' >/dev/null ||
        compgen -G '/etc/glvnd/egl_vendor.d/*.json' >/dev/null
}

if has_driver; then
    say "an EGL driver is installed"
elif ! command -v apt-get >/dev/null; then
    say "no EGL driver found; pictures will come from TinyRenderer. Install Mesa's EGL to change that."
elif [ "$(id -u)" != 0 ]; then
    say "no EGL driver found; pictures will come from TinyRenderer. To change that: sudo $COMMAND"
else
    say "installing Mesa's software EGL: $COMMAND"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # the command is words
    if timeout 300 apt-get update -q </dev/null >/dev/null && timeout 600 $COMMAND </dev/null >/dev/null; then
        say "done"
    else
        say "that did not work; pictures will come from TinyRenderer"
    fi
fi

if [ "${1:-}" != vulkan ]; then exit 0; fi

# SAPIEN draws with Vulkan (asked for with `scripts/install_rendering.sh vulkan`). Debian 12's own Mesa (22.3) is too old for it: backports have 25.0.
BACKPORTS=/etc/apt/sources.list.d/vla-gym-backports.sources
VULKAN=(libvulkan1 mesa-vulkan-drivers)

has_vulkan() {
    compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null ||
        compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null
}

install_vulkan() {
    local release=() codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    if [ "$codename" = bookworm ]; then
        release=(-t bookworm-backports)
        printf 'Types: deb\nURIs: http://deb.debian.org/debian\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
            bookworm-backports /usr/share/keyrings/debian-archive-keyring.gpg >"$BACKPORTS"
    fi
    timeout 300 apt-get update -q </dev/null >/dev/null &&
        timeout 600 apt-get install -y --no-install-recommends "${release[@]}" "${VULKAN[@]}" </dev/null >/dev/null
}

if has_vulkan; then
    say "a Vulkan driver is installed"
elif ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    say "no Vulkan driver found: SAPIEN environments run without pictures only. Install ${VULKAN[*]}"
    say "(on Debian 12 from bookworm-backports; as root this script does it)"
else
    say "installing Mesa's software Vulkan: ${VULKAN[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if install_vulkan; then say "done"; else say "that did not work; SAPIEN will draw nothing"; fi
fi
exit 0
