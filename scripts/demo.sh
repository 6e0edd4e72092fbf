#!/usr/bin/env bash
# Evaluate the VLA that comes along on a few short chains of tasks and say where the video is.
# Usage: scripts/demo.sh DIR (DIR is begun afresh)
set -euo pipefail

cd "$(dirname "$0")/.."
out=${1:-runs/demo}
vla_gym=${VLA_GYM:-vla-gym}
if [ -e "$out" ] && [ ! -e "$out/run.json" ]; then
    echo "$out exists and is not a run of vla-gym; name another directory." >&2
    exit 2
fi
rm -rf "$out"

echo "Evaluating robovlms-tiny on calvin/smoke: short chains of tasks, two cameras, one sentence each."
"$vla_gym" eval --policy robovlms-tiny --suite calvin/smoke --set assets=builtin --workers 2 \
    --video all --out "$out" </dev/null
echo
echo "Results:  $out   (shown again by: $vla_gym results show $out)"
echo "Video:    $(find "$out" -name '*.mp4' | sort | head -n 1)"
