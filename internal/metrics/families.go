package metrics

// The names of all figures.
const (
	BuildInfo         = "kisisync_build_info"
	StartTime         = "kisisync_start_time_seconds"
	SourceAge         = "kisisync_source_age_seconds"
	SourceStale       = "kisisync_source_stale"
	SourcePeople      = "kisisync_source_people"
	SourceDoubts      = "kisisync_source_doubts"
	SourceFailures    = "kisisync_source_failed_reads"
	SourceWatched     = "kisisync_source_watched"
	Steps             = "kisisync_steps_total"
	Revocation        = "kisisync_revocation_seconds"
	HeldSteps         = "kisisync_held_steps"
	HeldSince         = "kisisync_held_oldest_seconds"
	ParkedSteps       = "kisisync_parked_steps"
	UnsettledCalls    = "kisisync_unsettled_calls"
	DriftedObjects    = "kisisync_drifted_objects"
	StillHavePeople   = "kisisync_still_have_people"
	Undecided         = "kisisync_undecided"
	RunAge            = "kisisync_run_age_seconds"
	RunFailures       = "kisisync_failed_runs"
	StepsLeft         = "kisisync_steps_left"
	Calls             = "kisisync_kisi_calls_total"
	Requests          = "kisisync_kisi_requests_total"
	Throttled         = "kisisync_kisi_throttled_total"
	Waited            = "kisisync_kisi_waited_seconds_total"
	Unanswered        = "kisisync_kisi_unanswered_seconds"
	Paused            = "kisisync_paused"
	LeaversWait       = "kisisync_leavers_waiting"
	FileRefused       = "kisisync_configuration_refused"
	ExpiryDays        = "kisisync_expiry_days"
	AuditUnsent       = "kisisync_audit_unsent_lines"
	LogWaiting        = "kisisync_log_waiting_lines"
	LogLost           = "kisisync_log_lost_lines_total"
	NotificationsSent = "kisisync_notifications_total"
)

// Families returns all figures that there are.
func Families() []Family {
	gauge := func(name, help string, labels ...string) Family {
		return Family{Name: name, Help: help, Kind: Gauge, Labels: labels}
	}
	counter := func(name, help string, labels ...string) Family {
		return Family{Name: name, Help: help, Kind: Counter, Labels: labels}
	}
	return []Family{
		gauge(BuildInfo, "1, with the version of kisi-sync and of Go, and the mode of the file.", "version", "go", "mode"),
		gauge(StartTime, "When the daemon began, in seconds since 1970."),
		gauge(SourceAge, "Age of the last good read of a source; none when it was never read.", "source"),
		gauge(SourceStale, "1 when a source is older than its stale_after, so that its people are left as they are.", "source"),
		gauge(SourcePeople, "People in the last good read of a source.", "source"),
		gauge(SourceDoubts, "Absences in a source that are not believed until somebody accepts them.", "source"),
		gauge(SourceFailures, "Reads of a source in a row that failed.", "source"),
		gauge(SourceWatched, "1 when a source tells of changes by itself and is listened to.", "source"),
		counter(Steps, "Steps that were sent to Kisi, by what they do, why, and what came of it: done, refused, unknown, exists, gone, stopped.", "kind", "cause", "outcome"),
		{Name: Revocation, Kind: Histogram, Buckets: []float64{0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 86400},
			Help: "From the moment at which the directory disabled or deleted somebody, to the second, to the call that took the access."},
		gauge(HeldSteps, "Steps that wait for somebody to decide."),
		gauge(HeldSince, "For how long the oldest of them has waited."),
		gauge(ParkedSteps, "Steps that Kisi refused, and that are tried again by themselves."),
		gauge(UnsettledCalls, "Calls of which it is not known whether Kisi carried them out."),
		gauge(DriftedObjects, "What the last full run found altered by hand in Kisi."),
		gauge(StillHavePeople, "People who should have no access, and have some that others gave, so that it is not kisi-sync's to take."),
		gauge(Undecided, "People, rules and groups about which the last run could not decide; they are left as they are."),
		gauge(RunAge, "Since the last run that ended without an error, of everything (full) or of any kind (any).", "kind"),
		gauge(RunFailures, "Runs in a row that failed."),
		gauge(StepsLeft, "Steps that the run under way has still to send; 0 without one."),
		counter(Calls, "Calls to Kisi, each counted once however often it was tried."),
		counter(Requests, "Requests to Kisi, repeats included."),
		counter(Throttled, "Answers of Kisi with status 429: too many requests."),
		counter(Waited, "Time spent waiting for the pace of calls to Kisi."),
		gauge(Unanswered, "For how long Kisi has not answered the call under way as it should; 0 when none waits."),
		gauge(Paused, "1 while it is paused: nothing is carried out, not even for leavers."),
		gauge(LeaversWait, "1 while somebody was disabled or deleted in a directory and the run that follows was not made yet."),
		gauge(FileRefused, "1 when the changed configuration could not be used, and the one before is in use."),
		gauge(ExpiryDays, "Days until a certificate ends, or a secret of which the file says so (expires:); negative afterwards.", "what"),
		gauge(AuditUnsent, "Lines of the audit trail that the syslog server of audit.syslog does not have yet."),
		gauge(LogWaiting, "Lines of the log that wait for the syslog server of log.syslog; beyond 1,000 they are lost."),
		counter(LogLost, "Lines of the log that the syslog server will never see."),
		counter(NotificationsSent, "Messages about what happened, by way (mail, chat, webhook, heartbeat) and outcome (sent, failed).", "way", "outcome"),
	}
}
