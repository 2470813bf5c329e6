#!/usr/bin/env bash
# Reads what `campaign apply --format json` told (run.jsonl, run.err), says what comes next, and ends red where somebody
# must act: exit 2 is not red, since the scheduled job goes on with the same plan.
#
# Outputs for the steps after it: unfinished (stopped on purpose, with people left), refused (the saved plan may not be
# carried out any more, and nothing was sent), over (nothing more will come of this plan by itself).
set -euo pipefail

read_report() { tail -n 1 run.jsonl | jq -r "select(.type == \"ended\") | $1"; }
put() { echo "$1=true" >>"$GITHUB_OUTPUT"; }

code=$(read_report .exit_code)
ending=$(read_report .ending)
case "$ending" in
  limit | deadline | window | signal)
    put unfinished
    echo "::notice title=Stopped on purpose::$(read_report .pending) people are pending: the scheduled job goes on"
    ;;
  '')
    # No report, so nothing was sent; a saved plan that was refused is told by the codes that begin with `plan-`.
    if ! grep -q 'error\[plan-' run.err; then exit 1; fi
    put refused
    put over
    echo "::notice title=Refused::the saved plan is not carried out: the log of the step before says why"
    exit 0
    ;;
  *) put over ;;
esac

{ echo '```'; campaign status || true; echo '```'; } | tee -a "$GITHUB_STEP_SUMMARY"
if [ "$code" = 3 ]; then
  echo "::error title=Unknown::nobody knows whether a chunk was sent: look into the provider's list of campaigns, then" \
    "run one of the commands above with this state, and run this job again"
fi
if [ "$code" = 1 ] || [ "$code" = 3 ]; then exit "$code"; fi
