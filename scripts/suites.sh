# shellcheck shell=bash
# Runs the test projects one after the other and adds up their results.

# suite_counts LOG: "passed failed skipped" as the suite's summary line tells them, or nothing.
suite_counts() {
    sed -nE 's/.*Failed: +([0-9]+), Passed: +([0-9]+), Skipped: +([0-9]+), Total:.*/\2 \1 \3/p' "$1" | tail -n 1
}

# skipped_tests RESULTS: "name: reason", one a line, of the runner's file of results (trx), which has the reason inside of the test's element.
skipped_tests() {
    awk '/<UnitTestResult / { name = ""; if (/outcome="NotExecuted"/) { name = $0; sub(/.* testName="/, "", name); sub(/".*/, "", name) } }
         name != "" && /<Message>/ { reason = $0; sub(/.*<Message>/, "", reason); sub(/<\/Message>.*/, "", reason)
             line = "  skipped: " name ": " reason
             gsub(/&lt;/, "<", line); gsub(/&gt;/, ">", line); gsub(/&quot;/, "\"", line); gsub(/&amp;/, "\\&", line); print line }' "$1"
}

# run_suites FILTER: every project under tests/; fails where a test fails or none ran.
run_suites() {
    local filter=$1 project name log status counts options=()
    local passed=0 failed=0 skipped=0 suite_passed suite_failed suite_skipped
    if [[ -n $filter ]]; then
        if [[ $filter == *[=~]* ]]; then options=(--filter "$filter"); else options=(--filter "FullyQualifiedName~$filter"); fi
    fi

    local results
    results=$(mktemp -d)
    log=$results/log
    trap 'rm -rf "$results"' RETURN
    for project in "$ROOT"/tests/*.Tests/*.csproj; do
        name=$(basename "$project" .csproj)
        status=0
        local start=$SECONDS
        dotnet test "$(dirname "$project")/bin/Release/net10.0/$name.dll" "${options[@]}" \
            --logger "trx;LogFileName=$name.trx" --results-directory "$results" >"$log" 2>&1 </dev/null || status=$?
        counts=$(suite_counts "$log")
        read -r suite_passed suite_failed suite_skipped <<<"${counts:-0 0 0}"

        # A suite that ends badly without a failed test (a crash, an abort) is a failure, too.
        if ((status != 0 && suite_failed == 0)); then suite_failed=1; fi
        if ((status != 0)); then cat "$log"; elif [[ -f $results/$name.trx ]]; then skipped_tests "$results/$name.trx"; fi
        printf '%s: %d passed, %d failed, %d skipped in %d s\n' "$name" "$suite_passed" "$suite_failed" "$suite_skipped" $((SECONDS - start))
        ((passed += suite_passed, failed += suite_failed, skipped += suite_skipped)) || true
    done

    if ((passed + failed == 0)); then printf 'no test ran\n'; fi
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}
