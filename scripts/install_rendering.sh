#!/usr/bin/env bash
# Install Mesa's software drivers where there are none, so that pictures can be drawn without a GPU:
# EGL for CALVIN (as its data was recorded with), and with the argument `vulkan` Vulkan for SAPIEN.
# Never fails: without EGL, CALVIN is drawn by pybullet's TinyRenderer; without Vulkan, SAPIEN's
# environments run without pictures.
set -u
export DEBIAN_FRONTEND=noninteractive

EGL=(libegl1 libegl-mesa0 libgl1 libgl1-mesa-dri libopengl0)
VULKAN=(libvulkan1 mesa-vulkan-drivers)
BACKPORTS=/etc/apt/sources.list.d/vla-gym-backports.sources

say() { echo "[rendering] $*"; }

has_egl() {
    PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -q 'libEGL\.so\.1' || return 1
    compgen -G '/usr/share/glvnd/egl_vendor.d/*.json' >/dev/null ||
        compgen -G '/etc/glvnd/egl_vendor.d/*.json' >/dev/null
}

has_vulkan() {
    compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null ||
        compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null
}

# Debian 12's own Mesa (22.3) is too old for SAPIEN: its backports have 25.0.
add_backports() {
    # shellcheck source=/dev/null
    [ "$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" = bookworm ] || return 0
    printf '%s\n' 'Types: deb' 'URIs: http://deb.debian.org/debian' 'Suites: bookworm-backports' \
        'Components: main' 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' >"$BACKPORTS"
    echo -t bookworm-backports
}

# provide NAME CONSEQUENCE [APT OPTION]... PACKAGE...: what to do where a driver is missing
provide() {
    local name=$1 consequence=$2 command
    shift 2
    command="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        say "no $name driver found; $consequence. Install Mesa's to change that."
    elif [ "$(id -u)" != 0 ]; then
        say "no $name driver found; $consequence. To change that: sudo $command"
    else
        say "installing Mesa's software $name: $command"
        # shellcheck disable=SC2086 # the command is words
        if timeout 300 apt-get update -q </dev/null >/dev/null && timeout 600 $command </dev/null >/dev/null
        then say "done"; else say "that did not work; $consequence"; fi
    fi
}

if has_egl; then
    say "an EGL driver is installed"
else
    provide EGL "CALVIN's pictures will come from TinyRenderer" "${EGL[@]}"
fi
if [ "${1:-}" = vulkan ]; then
    if has_vulkan; then
        say "a Vulkan driver is installed"
    else
        release=$([ "$(id -u)" != 0 ] || add_backports)
        # shellcheck disable=SC2086 # the option is words
        provide Vulkan "SAPIEN's environments will have no pictures" $release "${VULKAN[@]}"
    fi
fi
exit 0
