#!/usr/bin/env bash
# Fetches the personal data that sources read, which are kept out of git. Plan and apply both run this very file, in the
# project's folder, so that what is sent is what was planned. Put your own command here, such as
#
#   aws s3 sync --only-show-errors "s3://$DATA_BUCKET/lists" data/
#
# and hand its secrets over where the pipeline calls this file. Print no row of it: logs are kept for long.
set -euo pipefail

ls data >/dev/null
