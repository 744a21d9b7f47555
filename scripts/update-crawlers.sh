#!/usr/bin/env bash
# Fetches the newest list of crawlers' user agents (npm package crawler-user-agents, MIT) and keeps its patterns only.
# Usage: scripts/update-crawlers.sh [VERSION]. Needs npm and python3.
. "$(dirname "$0")/environment.sh"

destination="$root/src/tracking"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack --silent "crawler-user-agents@${1:-latest}" >/dev/null
tar -xzf crawler-user-agents-*.tgz

# One object a line, so that an update shows in a diff as the patterns that came and went.
python3 - package/crawler-user-agents.json "$destination/crawler-user-agents.json" <<'PYTHON'
import json, sys

source, destination = sys.argv[1:]
with open(source) as file:
    patterns = [{"pattern": entry["pattern"]} for entry in json.load(file)]
with open(destination, "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in patterns) + "\n]\n")
print(len(patterns), "patterns")
PYTHON
# The package's own line endings are not ours to keep.
tr -d '\r' <package/LICENSE >"$destination/crawler-user-agents.LICENSE.txt"
