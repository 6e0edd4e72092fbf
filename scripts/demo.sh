#!/usr/bin/env bash
# Evaluate CALVIN's scripted expert on a few short chains of tasks and say where the video is.
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

echo "Evaluating calvin-oracle on calvin/smoke: short chains of tasks, ground-truth state, no model."
"$vla_gym" eval --policy calvin-oracle --suite calvin/smoke --workers 2 --video all --out "$out" \
    </dev/null
echo
echo "Results:  $out   (shown again by: $vla_gym results show $out)"
echo "Video:    $(find "$out" -name '*.mp4' | sort | head -n 1)"
