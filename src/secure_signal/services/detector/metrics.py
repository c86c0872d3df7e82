"""What an operator sees of the detector."""

from prometheus_client import Counter, Gauge, Histogram

ANOMALIES = Counter("anomalies_detected_total", "Anomalies published", ["anomaly_type", "severity"])
LATENCY = Histogram(
    "anomaly_detection_latency_seconds",
    "From when the broker took the signal that completed an anomaly until Kafka has the anomaly",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600),
)
SESSIONS = Gauge(
    "active_user_sessions",
    "Users with a signal within the last 30 minutes of event time, in this instance's partitions (estimated)",
)
JUDGED = Counter("detector_signals_judged_total", "Signals judged by the rules")
REPEATED = Counter("detector_signals_repeated_total", "Signals dropped because they were sent before")
UNREADABLE = Counter("detector_records_unreadable_total", "Records skipped because they hold no signal")
MATCHES = Counter("detector_matches_published_total", "Matches sent to the task that holds their group")
HELD = Gauge("detector_matches_held", "Matches held back until slower instances have caught up")
SILENT = Gauge(
    "detector_sources_silent",
    "Partitions of signal-events of which no instance tells anything: matches do not wait for them any more",
)
LATE = Counter("detector_matches_late_total", "Matches left out of windows because they came too late")
SUPPRESSED = Counter(
    "detector_anomalies_suppressed_total",
    "Anomalies not told of, so soon after another of their rule and group",
)
FULL = Counter(
    "detector_windows_full_total", "Matches dropped from windows, or left out of them, as there were too many"
)
CROWDED = Counter("detector_groups_dropped_total", "Groups dropped because there were too many")
UNSAVED = Counter("detector_windows_unsaved_total", "Windows not saved because they are too large for Kafka")
FUTURE = Counter(
    "detector_matches_future_total", "Matches left out of windows because they lie in the future"
)
FAILURES = Counter("detector_rule_failures_total", "Signals that a rule failed to judge", ["rule"])
RULES = Gauge("detector_rules", "Rules in force, silent parts of correlations among them")
RULESET = Gauge("detector_ruleset_info", "The hash of the rule set in force", ["ruleset"])
RULES_LOADED = Gauge("detector_rules_loaded_timestamp_seconds", "Since when the rule set is in force")
RELOAD_FAILURES = Counter(
    "detector_rules_reload_failures_total",
    "Times that changed rule files were wrong, and the rules before stayed",
)
RELOAD_FAILED = Gauge(
    "detector_rules_reload_failed", "1 while the rule files are wrong and the rules from before are in force"
)
RULE_SECONDS = Counter(
    "detector_rule_seconds_total",
    "Seconds that each detection rule took, estimated: of 1,000 signals one is judged rule by rule",
    ["rule"],
)
LAG = Gauge("detector_consumer_lag_records", "Records not read yet", ["topic", "partition"])
GROUPS = Gauge("detector_groups", "Groups whose windows are held")
CHECKPOINT = Gauge("detector_last_checkpoint_timestamp_seconds", "When the state was last saved")
RECOVERIES = Counter("detector_recoveries_total", "Times that the work began anew from the last checkpoint")
